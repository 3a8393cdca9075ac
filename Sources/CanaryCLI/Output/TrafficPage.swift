// SPDX-License-Identifier: Apache-2.0

import CanaryModel
import CanaryStore

/// Gathers what a page about hosts shows, all at one revision, and writes it.
struct TrafficPage {
    let session: ClusterSession
    let output: ReportFormat

    /// One host's page, or those of every host that has a VirtualService or several versions.
    func text(of host: String?) throws -> String {
        let reports = try session.read { view in try hosts(host, view).map { try report($0, view) } }
        if let host, let report = reports.first, report.isEmpty { throw Self.unknown(host) }
        switch output {
        case .json, .yaml:
            let nodes = reports.map(\.node)
            return ObjectText.text(host == nil ? ObjectText.list(nodes) : nodes[0], as: output)
        case .text:
            let proxies = try session.runtime.liveProxies()
            if reports.isEmpty { return "No hosts with a VirtualService or several versions found.\n" }
            let style = Style(
                session.settings.color,
                for: session.context.standardOutput,
                in: session.context
            )
            let pages = reports.map { report in
                HostPage(report: report, proxies: proxies, style: style, now: session.context.now()).text
            }
            return pages.joined(separator: "\n") + HostPage.proxyLine(proxies, style)
        }
    }

    private func hosts(_ host: String?, _ view: ClusterView) throws -> [String] {
        if let host { return [host] }
        return try view.snapshot().reportableHosts()
    }

    private func report(_ host: String, _ view: ClusterView) throws -> HostReport {
        let snapshot = try view.closure(of: [host])
        let counts = try session.runtime.counts(host: host)
        let byKey = Dictionary(counts.map { ("\($0.route)|\($0.since)|\($0.destination)", $0.requests) }) {
            $0 + $1
        }
        let namespace = HostName.service(of: host)?.namespace ?? session.settings.namespace
        let reporter = TrafficReporter(snapshot: snapshot, namespace: namespace) { key in
            UInt64(clamping: byKey["\(key.routeText)|\(key.since)|\(key.destinationText)"] ?? 0)
        }
        let concerned = snapshot.resources.filter {
            $0.routedHosts.contains(host) || $0.key.isService(of: host)
        }
        return HostReport(
            traffic: reporter.report(host),
            diagnostics: RuleCatalog.checkReferences(concerned.sorted { $0.key < $1.key }, in: snapshot)
                .filter { $0.severity != .info },
            autoscalers: Array(snapshot.resources(of: .horizontalPodAutoscaler)),
            deployments: Dictionary(
                uniqueKeysWithValues: snapshot.resources(of: .deployment).map { ($0.name, $0) }
            ),
            changes: try view.reader?.history(host: host, limit: 5) ?? [],
            isKnown: !snapshot.isEmpty
        )
    }

    private static func unknown(_ host: String) -> CommandError {
        CommandError(
            "no host \"\(HostName.short(host))\": no Service, ServiceEntry or VirtualService has this name",
            hint: "canaryctl describe lists the hosts"
        )
    }
}

extension ResourceKey {
    fileprivate func isService(of host: String) -> Bool {
        kind == .service && HostName.service(name, namespace: namespace) == host
    }
}

/// Everything that is told of one host.
struct HostReport {
    var traffic: TrafficReport
    var diagnostics: [Diagnostic]
    var autoscalers: [Resource]
    var deployments: [String: Resource]
    var changes: [HostChange]
    /// Whether any object is about the host.
    var isKnown: Bool

    var isEmpty: Bool { !isKnown }
}
