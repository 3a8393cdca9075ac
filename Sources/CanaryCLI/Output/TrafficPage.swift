// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CanaryInsight
import CanaryResources
import CanaryStore

/// Gathers what a page about hosts shows, all at one revision, and writes it.
struct TrafficPage {
    let session: ClusterSession
    let output: ReportFormat

    /// One host's page, or those of every host that has a VirtualService or several versions.
    func text(of host: String?) throws -> String {
        let (reports, proxies, revision) = try session.read { view in
            let proxies = try session.liveProxies(seenFrom: view)
            let reports = try load(host, view, proxies)
            if host != nil, let report = reports.first, report.isEmpty {
                throw try view.unknownHost(report.traffic.host, session.settings)
            }
            return (reports, proxies, view.revision)
        }
        switch output {
        case .json, .yaml:
            let nodes = reports.map(\.node)
            return ObjectText.text(host == nil ? ObjectText.list(nodes) : nodes[0], as: output)
        case .text:
            let style = Style(
                session.settings.color,
                for: session.context.standardOutput,
                in: session.context
            )
            let pages = reports.map { report in
                HostPage(report: report, proxies: proxies, style: style, now: session.context.now()).text
            }
            let list = ProxyList(
                proxies: proxies,
                silent: session.warningsOfSilentProxies(besides: proxies),
                revision: revision,
                style: style
            )
            if reports.isEmpty { sayThatNothingIsThere() }
            let isListed =
                host == nil || proxies.isEmpty
                || proxies.contains { !$0.problems.isEmpty || !$0.damage.isEmpty }
            return (pages + [isListed ? list.text : ""]).filter { !$0.isEmpty }
                .joined(separator: "\n")
        }
    }

    /// Of one host no more is loaded than what matters to it.
    private func load(_ name: String?, _ view: StoredCluster, _ proxies: [ProxyRecord]) throws -> [HostReport]
    {
        guard let name else {
            let snapshot = try view.snapshot()
            let reporter = HostReporter(snapshot: snapshot, view: view, session: session, proxies: proxies)
            return try snapshot.reportableHosts().map { try reporter.report($0) }
        }
        let host = try view.host(named: name, namespace: session.settings.namespace)
        let snapshot = try view.closure(of: [host])
        // The rules also look at the routes of other hosts that the objects name.
        let hosts = Set(snapshot.resources(concerning: host).flatMap(\.hostsOfConcern)).union([host])
        let wider = hosts.count > 1 ? try view.closure(of: hosts.sorted()) : snapshot
        let reporter = HostReporter(snapshot: wider, view: view, session: session, proxies: proxies)
        var report = try reporter.report(host)
        report.isKnown = !snapshot.isEmpty
        return [report]
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
    let silent: [String]
    let revision: Int64
    let style: Style

    var text: String {
        let silence = silent.map { "\(style.severity(.warning)): \($0)\n" }.joined()
        guard !proxies.isEmpty || !silent.isEmpty else {
            return "\(style.severity(.warning)): no proxy is running; canaryctl proxy --detach starts one\n"
        }
        let lines = proxies.map { proxy in
            let state = proxy.state(at: revision)
            let place = TerminalText.escape(proxy.listeners.joined(separator: ", "))
            return "  pid \(proxy.process.pid)  revision \(proxy.appliedRevision), \(state)  \(place)\n"
        }
        let warnings = proxies.flatMap(\.warnings).map { "\(style.severity(.warning)): \($0)\n" }
        return (proxies.isEmpty ? "" : "proxies\n") + (lines + warnings).joined() + silence
    }
}
