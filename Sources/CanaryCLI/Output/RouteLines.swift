// SPDX-License-Identifier: Apache-2.0

import CanaryInsight
import CanaryMesh
import CanaryResources

/// The routes on a host's page: for each destination a bar, its shares and, once requests were observed, how they ended; below
/// that what stands behind it. Bars give way so that a line fits the page.
struct RouteLines {
    private static let widestBar = 20
    private static let narrowestBar = 4
    /// Titles and widths of columns.
    private static let shares = [("declared", 10), ("served", 9), ("observed", 10)]
    private static let outcomes = [("errors", 9), ("p50", 8), ("p99", 8)]

    private let deployments: [String: Resource]
    private let report: HostReport
    private let style: Style
    private let columns: [(title: String, width: Int)]
    /// Where the bars begin, and how wide they are.
    private let nameColumn: Int
    private let barWidth: Int

    init(_ report: HostReport, _ style: Style) {
        self.report = report
        deployments = report.deployments
        self.style = style
        let routes = report.traffic.routes + report.traffic.connectionRoutes
        let isObserved = routes.contains {
            $0.action == .forward && $0.observedRequests > 0
        }
        columns = Self.shares + (isObserved ? Self.outcomes : [])
        let room = HostPage.width - columns.reduce(0) { $0 + $1.width }
        // A longer name has a line of its own.
        let longest = room - Self.narrowestBar - 6
        let names = routes.flatMap(\.destinations).map { Self.name($0).count }
        nameColumn = 6 + (names.filter { $0 <= longest }.max() ?? 0)
        barWidth = min(Self.widestBar, max(Self.narrowestBar, room - nameColumn))
    }

    func lines(of route: TrafficReport.Route) -> [String] {
        var title = TerminalText.escape(route.name.isEmpty ? route.match : "\(route.name): \(route.match)")
        if route.observedRequests > 0 { title += " (\(Self.requests(route)))" }
        if report.isOutOfReach(route) { title += " – not for the clients of the running proxies" }
        guard route.action == .forward else { return Self.wrapped(title) + ["    " + Self.action(route)] }
        let titles = columns.map { $0.title.leftPadded(to: $0.width) }.joined()
        let shareColumn = nameColumn + barWidth
        // A title that reaches into the columns has a line of its own.
        let header =
            title.count + 2 <= shareColumn
            ? ["  \(title)".padded(to: shareColumn) + titles]
            : Self.wrapped(title) + [String(repeating: " ", count: shareColumn) + titles]
        return header + route.destinations.flatMap { lines(of: $0) }
    }

    private func lines(of destination: TrafficReport.Destination) -> [String] {
        let name = "    \(Self.name(destination))"
        let isLong = name.count + 2 > nameColumn
        let cells = zip(columns, Self.cells(destination)).map { $1.leftPadded(to: $0.width) }.joined()
        let numbers = (isLong ? "" : name).padded(to: nameColumn) + bar(destination) + cells
        let ready = "\(destination.readyEndpoints)/\(destination.totalEndpoints) ready"
        let behind = "\(ready)   \(destination.workloads.map(workload).joined(separator: ", "))"
        let below =
            behind.count + 8 <= HostPage.width
            ? ["        \(behind)"] : WrappedText.lines(behind[...], columns: HostPage.width, indent: 8)
        return (isLong ? [name] : []) + [numbers] + below
    }

    // MARK: - Cells

    private static func cells(_ destination: TrafficReport.Destination) -> [String] {
        [
            NumberText.percentColumn(destination.declaredShare),
            NumberText.percentColumn(destination.servedShare),
            destination.observedShare.map(NumberText.percentColumn) ?? "–",
            destination.errorRate.map(NumberText.percentColumn) ?? "–",
            destination.latency.map { NumberText.duration(milliseconds: $0.p50) } ?? "–",
            destination.latency.map { NumberText.duration(milliseconds: $0.p99) } ?? "–",
        ]
    }

    private func bar(_ destination: TrafficReport.Destination) -> String {
        let share = destination.declaredShare
        let exact = share * Double(barWidth)
        // A positive share shows, however small it is, and less than everything does not look like it.
        let filled = share <= 0 ? 0 : share >= 1 ? barWidth : min(barWidth - 1, max(1, Int(exact.rounded())))
        let full = String(repeating: "█", count: filled)
        let rest = String(repeating: "░", count: barWidth - filled)
        return (destination.servedShare < share ? full : style.good(full)) + style.faint(rest)
    }

    private func workload(_ name: String) -> String {
        let replicas = deployments[name]?.declaredReplicas ?? 1
        return "\(TerminalText.escape(name))  \(replicas == 1 ? "1 replica" : "\(replicas) replicas")"
    }

    // MARK: - Words

    private static func name(_ destination: TrafficReport.Destination) -> String {
        TerminalText.escape(destination.subset ?? HostName.short(destination.host))
    }

    private static func requests(_ route: TrafficReport.Route) -> String {
        let count = NumberText.grouped(Int64(clamping: route.observedRequests))
        let noun = route.isConnection ? "connection" : "request"
        let requests = "\(count) \(noun)\(route.observedRequests == 1 ? "" : "s")"
        // A host without VirtualService has no route that a revision could have changed.
        return route.since > 0 ? "\(requests) since revision \(route.since)" : requests
    }

    private static func action(_ route: TrafficReport.Route) -> String {
        let status = route.status.map { " with status \($0)" } ?? ""
        return route.action == .redirect ? "redirects\(status)" : "answers by itself\(status)"
    }

    private static func wrapped(_ title: String) -> [String] {
        title.count + 2 <= HostPage.width
            ? ["  \(title)"] : WrappedText.lines(title[...], columns: HostPage.width, indent: 2)
    }
}
