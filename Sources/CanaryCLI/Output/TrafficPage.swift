// SPDX-License-Identifier: Apache-2.0

import CanaryModel
import CanaryStore

/// Gathers what a page about hosts shows, all at one revision, and writes it.
struct TrafficPage {
    let session: ClusterSession
    let output: ReportFormat

    /// One host's page, or those of every host that has a VirtualService or several versions.
    func text(of host: String?) throws -> String {
        let (reports, revision) = try session.read { view in
            let reports = try hosts(host, view).map { try report($0, view) }
            if host != nil, let report = reports.first, report.isEmpty {
                throw try view.unknownHost(report.traffic.host)
            }
            return (reports, view.revision)
        }
        switch output {
        case .json, .yaml:
            let nodes = reports.map(\.node)
            return ObjectText.text(host == nil ? ObjectText.list(nodes) : nodes[0], as: output)
        case .text:
            let proxies = try session.runtime.liveProxies()
            let style = Style(
                session.settings.color,
                for: session.context.standardOutput,
                in: session.context
            )
            let pages = reports.map { report in
                HostPage(report: report, proxies: proxies, style: style, now: session.context.now()).text
            }
            let list = ProxyList(proxies: proxies, revision: revision, style: style)
            if reports.isEmpty { sayThatNothingIsThere() }
            let isListed = host == nil || proxies.isEmpty || proxies.contains { !$0.problems.isEmpty }
            return (pages + [isListed ? list.text : ""]).filter { !$0.isEmpty }
                .joined(separator: "\n")
        }
    }

    private func hosts(_ host: String?, _ view: ClusterView) throws -> [String] {
        if let host { return [try view.host(named: host, namespace: session.settings.namespace)] }
        return try view.snapshot().reportableHosts()
    }

    private func report(_ host: String, _ view: ClusterView) throws -> HostReport {
        var snapshot = try view.closure(of: [host])
        snapshot.storeID = view.storeID
        let evidence = try session.runtime.evidence(store: view.storeID, host: host)
        let namespace = HostName.service(of: host)?.namespace ?? session.settings.namespace
        let reporter = TrafficReporter(snapshot: snapshot, namespace: namespace) { evidence[$0] }
        let concerned = snapshot.resources.filter {
            $0.routedHosts.contains(host) || $0.key.isService(of: host)
        }
        return HostReport(
            traffic: reporter.report(host),
            diagnostics: try warnings(about: concerned.sorted { $0.key < $1.key }, of: host, snapshot, view),
            autoscalers: Array(snapshot.resources(of: .horizontalPodAutoscaler)),
            deployments: Dictionary(
                snapshot.resources.filter(\.makesPods).map { ($0.name, $0) }
            ) { first, second in first.kind == .deployment ? first : second },
            changes: try view.reader?.history(host: host, limit: 5) ?? [],
            isKnown: !snapshot.isEmpty
        )
    }

    /// The rules also look at the routes of other hosts that the objects name.
    private func warnings(
        about concerned: [Resource],
        of host: String,
        _ snapshot: ClusterSnapshot,
        _ view: ClusterView
    ) throws -> [Diagnostic] {
        let hosts = Set(concerned.flatMap(\.hostsOfConcern)).union([host])
        let wider = hosts.count > 1 ? try view.closure(of: hosts.sorted()) : snapshot
        return RuleCatalog.checkReferences(concerned, in: wider).filter { $0.severity != .info }
    }

    private func sayThatNothingIsThere() {
        let stream = session.context.standardError
        stream.writeLine("No hosts with a VirtualService or several versions found.")
        stream.writeLine("hint: canaryctl create -f FILE makes them; canaryctl help manifests tells how")
    }
}

/// Which proxies run at which revision, below all pages; a warning when none does.
private struct ProxyList {
    let proxies: [ProxyRecord]
    let revision: Int64
    let style: Style

    var text: String {
        guard !proxies.isEmpty else {
            return "\(style.severity(.warning)): no proxy is running; canaryctl proxy --detach starts one\n"
        }
        let lines = proxies.map { proxy in
            let state = proxy.state(at: revision)
            let place = TerminalText.escape(proxy.listeners.joined(separator: ", "))
            return "  pid \(proxy.process.pid)  revision \(proxy.appliedRevision), \(state)  \(place)\n"
        }
        let warnings = proxies.flatMap(\.warnings).map { "\(style.severity(.warning)): \($0)\n" }
        return "proxies\n" + (lines + warnings).joined()
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
