// SPDX-License-Identifier: Apache-2.0

import CanaryReplicas
import CanaryResources
import CanaryStore
import CanarySystem

/// `status`, for people.
struct NodePage {
    private let status: NodeStatus
    private let namespace: String
    private let now: Int64

    /// - Parameters:
    ///   - namespace: whose objects go without it.
    ///   - now: milliseconds since 1970.
    init(_ status: NodeStatus, namespace: String, now: Int64) {
        self.status = status
        self.namespace = namespace
        self.now = now
    }

    var text: String {
        let head = (nodeLine + status.proxies.map(line)).map { $0 + "\n" }.joined()
        let tables = [deployments, pods, autoscalers, rollouts].filter { !$0.isEmpty }.map(\.text)
        return ([head] + tables).filter { !$0.isEmpty }.joined(separator: "\n")
    }

    private var nodeLine: [String] {
        status.node.map { node in
            ["node \(node.process.pid) has run for \(TimeText.age(from: node.startedAt, to: now))"]
        } ?? []
    }

    private func line(_ proxy: ProxyRecord) -> String {
        let places =
            proxy.listeners.isEmpty
            ? "accepts no new connections" : "listens on \(proxy.listeners.joined(separator: ", "))"
        let admin = proxy.admin.map { ", admin on \($0)" } ?? ""
        return TerminalText.escape(
            "proxy \(proxy.process.pid) \(places)\(admin): \(proxy.state(at: status.revision)) (revision \(proxy.appliedRevision))"
        )
    }

    private func name(_ object: Resource) -> String {
        object.namespace == namespace ? object.name : "\(object.namespace)/\(object.name)"
    }

    private var deployments: Table {
        var table = Table(titles: ["DEPLOYMENT", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"])
        for (object, columns) in status.deployments {
            table.add([
                name(object), "\(columns.ready)/\(object.deployment?.replicas ?? 1)", "\(columns.updated)",
                "\(columns.available)", age(object),
            ])
        }
        return table
    }

    private var pods: Table {
        var table = Table(titles: ["POD", "READY", "STATUS", "RESTARTS", "PID", "ADDRESS", "AGE"])
        for pod in status.pods {
            let columns = PodColumns(pod)
            table.add([
                name(pod), columns.readyColumn, columns.status, "\(columns.restarts)",
                list(columns.pids.map(String.init)), columns.address ?? "<none>", age(pod),
            ])
        }
        return table
    }

    private var autoscalers: Table {
        var table = Table(titles: ["AUTOSCALER", "TARGET", "METRICS", "MIN", "MAX", "CURRENT", "DESIRED"])
        for (object, report) in status.autoscalers {
            table.add([
                name(object), "\(report.targetKind)/\(object.autoscaler?.targetName ?? "")", report.targets,
                "\(report.spec.minReplicas)", "\(report.spec.maxReplicas)", "\(report.current)",
                "\(report.desired)",
            ])
        }
        return table
    }

    private var rollouts: Table {
        var table = Table(titles: ["ROLLOUT", "HOST", "CANARY", "PHASE", "AGE"])
        for (object, phase) in status.rollouts {
            table.add([
                name(object), HostName.short(object.rolloutHost), object.rollout?.canary ?? "", phase,
                age(object),
            ])
        }
        return table
    }

    private func age(_ object: Resource) -> String {
        object.stored.map { TimeText.age(from: $0.createdAt, to: now) } ?? "<unknown>"
    }

    private func list(_ values: [String]) -> String {
        values.isEmpty ? "<none>" : values.joined(separator: ",")
    }
}
