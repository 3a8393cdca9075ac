// SPDX-License-Identifier: Apache-2.0

import CanaryModel
import CanaryStore

/// The page of a host for people.
struct HostPage {
    let report: HostReport
    let proxies: [ProxyRecord]
    let style: Style
    let now: Int64

    /// Cells of a destination's line have the width of the widest one on the page.
    private static let barWidth = 20
    private static let shareWidth = 9
    private static let longestTitle = 48

    var text: String {
        var lines = [heading]
        for route in report.traffic.routes { lines += routeLines(route) }
        lines += warningLines + autoscalerLines + changeLines
        return lines.map { Self.trimmed($0) + "\n" }.joined()
    }

    // MARK: - Heading

    private var heading: String {
        let name = TerminalText.escape(HostName.short(report.traffic.host))
        let owner =
            report.traffic.virtualService.map { "VirtualService \(TerminalText.escape($0.name))" }
            ?? "no VirtualService"
        let facts = "\(owner) · revision \(report.traffic.revision) · \(proxyState)"
        return style.bold(name) + String(repeating: " ", count: max(2, 40 - name.count)) + facts
    }

    private var proxyState: String {
        guard !proxies.isEmpty else { return "no proxy" }
        let count = proxies.count == 1 ? "1 proxy" : "\(proxies.count) proxies"
        let late = proxies.count { $0.appliedRevision < report.traffic.revision }
        if late == 0 { return "\(count), up to date" }
        return "\(count), \(late) not yet at revision \(report.traffic.revision)"
    }

    // MARK: - Routes

    private func routeLines(_ route: TrafficReport.Route) -> [String] {
        let title = Self.title(route)
        guard route.action == .forward else { return [title, "    " + Self.action(route)] }
        let count = NumberText.grouped(Int64(clamping: route.observedRequests))
        let requests = route.observedRequests == 1 ? "1 request" : "\(count) requests"
        let observed = route.observedRequests == 0 ? "" : " (\(requests) since revision \(route.since))"
        let titles =
            "declared".leftPadded(to: Self.shareWidth + 2) + "served".leftPadded(to: Self.shareWidth + 1)
            + "observed".leftPadded(to: Self.shareWidth + 2) + observed
        // A title that reaches into the columns has a line of its own.
        let header =
            title.count <= sharesColumn
            ? [title.padded(to: sharesColumn) + titles]
            : [title, String(repeating: " ", count: sharesColumn) + titles]
        return header + route.destinations.map { destinationLine($0) }
    }

    private static func title(_ route: TrafficReport.Route) -> String {
        "  " + TerminalText.escape(route.name.isEmpty ? route.match : "\(route.name): \(route.match)")
    }

    /// Where the shares begin: behind the bars, and behind those titles of routes that are not very long.
    private var sharesColumn: Int {
        let titles = report.traffic.routes.filter { $0.action == .forward }.map { Self.title($0).count }
        return max(nameColumn + Self.barWidth, titles.filter { $0 <= Self.longestTitle }.max() ?? 0)
    }

    /// Where the bars begin.
    private var nameColumn: Int {
        let names = report.traffic.routes.flatMap(\.destinations).map { Self.name($0).count }
        return 4 + (names.max() ?? 0) + 2
    }

    private static func name(_ destination: TrafficReport.Destination) -> String {
        TerminalText.escape(destination.subset ?? HostName.short(destination.host))
    }

    private func destinationLine(_ destination: TrafficReport.Destination) -> String {
        let name = "    \(Self.name(destination))".padded(to: nameColumn)
        let declared = NumberText.percentColumn(destination.declaredShare).leftPadded(to: Self.shareWidth + 2)
        let served = NumberText.percentColumn(destination.servedShare).leftPadded(to: Self.shareWidth + 1)
        let observed = destination.observedShare.map(NumberText.percentColumn) ?? "–"
        let ready = "\(destination.readyEndpoints)/\(destination.totalEndpoints) ready"
        let workloads = destination.workloads.map(workload).joined(separator: ", ")
        let gap = String(repeating: " ", count: max(0, sharesColumn - nameColumn - Self.barWidth))
        return name + bar(destination) + gap + declared + served
            + observed.leftPadded(to: Self.shareWidth + 2)
            + "    \(ready.padded(to: 11)) \(workloads)"
    }

    private func bar(_ destination: TrafficReport.Destination) -> String {
        let share = destination.declaredShare
        let exact = share * Double(Self.barWidth)
        // A positive share shows, however small it is, and less than everything does not look like it.
        let filled =
            share <= 0 ? 0 : share >= 1 ? Self.barWidth : min(Self.barWidth - 1, max(1, Int(exact.rounded())))
        let full = String(repeating: "█", count: filled)
        let rest = String(repeating: "░", count: Self.barWidth - filled)
        return (destination.servedShare < share ? full : style.good(full)) + style.faint(rest)
    }

    private func workload(_ name: String) -> String {
        let replicas = report.deployments[name]?.declaredReplicas ?? 1
        return "\(TerminalText.escape(name))  \(replicas == 1 ? "1 replica" : "\(replicas) replicas")"
    }

    private static func action(_ route: TrafficReport.Route) -> String {
        let status = route.status.map { " with status \($0)" } ?? ""
        return route.action == .redirect ? "redirects\(status)" : "answers by itself\(status)"
    }

    // MARK: - The rest

    private var warningLines: [String] {
        report.diagnostics.map {
            "  \(style.severity($0.severity)): \(TerminalText.escape($0.message)) [\($0.code.canary)]"
        }
    }

    private var autoscalerLines: [String] {
        report.autoscalers.compactMap { resource in
            guard let autoscaler = resource.autoscaler else { return nil }
            let bounds = "\(autoscaler.minReplicas) to \(autoscaler.maxReplicas) replicas"
            return TerminalText.escape("  autoscaler \(resource.name): \(autoscaler.targetName), \(bounds)")
        }
    }

    private var changeLines: [String] {
        guard !report.changes.isEmpty else { return [] }
        let rows = report.changes.map { change in
            [
                String(change.revision), TimeText.ago(change.at, now: now), change.actor, change.summary,
                change.reason.map { "\"\($0)\"" } ?? "",
            ].map(TerminalText.escape)
        }
        let widths = (0..<4).map { column in rows.map { $0[column].count }.max() ?? 0 }
        let lines = rows.map { row in
            "    " + zip(row, widths + [0]).map { $0.padded(to: $1) }.joined(separator: "  ")
        }
        return ["  changes"] + lines
    }

    private static func trimmed(_ line: String) -> String {
        String(line.reversed().drop { $0 == " " }.reversed())
    }
}
