// SPDX-License-Identifier: Apache-2.0

import CanaryReplicas
import CanaryResources
import CanaryStore
import CanarySystem

/// What runs of a store, in all namespaces.
struct NodeStatus {
    /// `nil` where none runs.
    let node: NodeRecord?
    let proxies: [ProxyRecord]
    /// The store's.
    let revision: Int64
    let deployments: [(object: Resource, columns: DeploymentColumns)]
    let pods: [Resource]
    let autoscalers: [(object: Resource, report: AutoscalerReport)]
    let rollouts: [(object: Resource, phase: String)]

    init(_ session: ClusterSession, _ view: StoredCluster) throws {
        node = try session.runtime.liveNode()
        proxies = try session.liveProxies(seenFrom: view)
        revision = view.revision
        let deployments = try view.resources(of: .deployment, namespace: nil)
        let columns = try DeploymentColumns.of(deployments, view, now: session.context.now())
        self.deployments = deployments.map { ($0, columns[$0.key] ?? DeploymentColumns()) }
        pods = view.running.all
        let reports = AutoscalerReports(session.runtime)
        autoscalers = try view.resources(of: .horizontalPodAutoscaler, namespace: nil)
            .compactMap { object in reports.report(of: object).map { (object, $0) } }
        let runs = try view.reader?.newestRollouts() ?? [:]
        rollouts = try view.resources(of: .rollout, namespace: nil).map {
            ($0, RolloutBeginning.phase(of: $0, after: runs[$0.stored?.uid ?? ""]))
        }
    }

    /// The node's own; `nil` where no node runs.
    var proxy: ProxyRecord? { proxies.first { $0.process == node?.process } }
}

// MARK: - For machines

extension NodeStatus {
    var report: Node {
        .mapping([
            "apiVersion": .string("canaryctl.dev/v1alpha1"),
            "kind": .string("NodeStatus"),
            "node": node.map(Self.node) ?? Node(.null),
            "proxy": proxy.map { Self.node($0, revision) } ?? Node(.null),
            "deployments": .sequence(deployments.map { Self.node($0.object, $0.columns) }),
            "pods": .sequence(pods.map(Self.node)),
            "autoscalers": .sequence(autoscalers.map { Self.node($0.object, $0.report) }),
            "rollouts": .sequence(rollouts.map { Self.node($0.object, phase: $0.phase) }),
        ])
    }

    private static func node(_ node: NodeRecord) -> Node {
        .mapping([
            "pid": .integer(Int64(node.process.pid)),
            "version": .string(node.version),
            "startedAt": .string(CalendarTime(milliseconds: node.startedAt).text),
        ])
    }

    private static func node(_ proxy: ProxyRecord, _ revision: Int64) -> Node {
        .mapping([
            "pid": .integer(Int64(proxy.process.pid)),
            "listeners": .sequence(proxy.listeners.map { .string($0) }),
            "admin": proxy.admin.map { .string($0) } ?? Node(.null),
            "appliedRevision": .integer(proxy.appliedRevision),
            "revision": .integer(revision),
            "upToDate": .bool(proxy.isUpToDate(at: revision)),
        ])
    }

    private static func node(_ deployment: Resource, _ columns: DeploymentColumns) -> Node {
        .mapping([
            "name": .string(deployment.name),
            "namespace": .string(deployment.namespace),
            "replicas": .integer(Int64(deployment.deployment?.replicas ?? 1)),
            "ready": .integer(Int64(columns.ready)),
            "updated": .integer(Int64(columns.updated)),
            "available": .integer(Int64(columns.available)),
        ])
    }

    private static func node(_ pod: Resource) -> Node {
        let columns = PodColumns(pod)
        return .mapping([
            "name": .string(pod.name),
            "namespace": .string(pod.namespace),
            "deployment": columns.deployment.map { .string($0) } ?? Node(.null),
            "phase": .string(pod.body["status"]?["phase"]?.string ?? ""),
            "status": .string(columns.status),
            "ready": .bool(pod.pod?.isReady ?? false),
            "restarts": .integer(Int64(columns.restarts)),
            "pid": columns.pids.first.map { .integer($0) } ?? Node(.null),
            "pids": .sequence(columns.pids.map { .integer($0) }),
            "address": columns.address.map { .string($0) } ?? Node(.null),
        ])
    }

    private static func node(_ autoscaler: Resource, _ report: AutoscalerReport) -> Node {
        .mapping([
            "name": .string(autoscaler.name),
            "namespace": .string(autoscaler.namespace),
            "target": .string("\(report.targetKind)/\(autoscaler.autoscaler?.targetName ?? "")"),
            "min": .integer(Int64(report.spec.minReplicas)),
            "max": .integer(Int64(report.spec.maxReplicas)),
            "current": .integer(Int64(report.current)),
            "desired": .integer(Int64(report.desired)),
            "metrics": .sequence(
                report.metricRows.map { metric in
                    .mapping([
                        "name": .string(metric.name),
                        "current": metric.current.map { .string($0) } ?? Node(.null),
                        "target": .string(metric.target),
                    ])
                }
            ),
        ])
    }

    private static func node(_ rollout: Resource, phase: String) -> Node {
        .mapping([
            "name": .string(rollout.name),
            "namespace": .string(rollout.namespace),
            "host": .string(rollout.rolloutHost),
            "canary": .string(rollout.rollout?.canary ?? ""),
            "phase": .string(phase),
        ])
    }
}
