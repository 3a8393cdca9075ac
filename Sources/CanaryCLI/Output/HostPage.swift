// SPDX-License-Identifier: Apache-2.0

import CanaryInsight
import CanaryResources
import CanaryStore

/// The page of a host for people.
struct HostPage {
    let report: HostReport
    let proxies: [ProxyRecord]
    let style: Style
    let now: Int64

    /// What fits beside other windows, and into a mail.
    static let width = 80

    var text: String {
        var lines = heading + clientLines
        let table = RouteLines(report, style)
        for route in report.traffic.routes + report.traffic.connectionRoutes {
            lines += table.lines(of: route)
        }
        lines += warningLines + rolloutLines + autoscalerLines + changeLines
        return lines.map { Self.trimmed($0) + "\n" }.joined()
    }

    // MARK: - Heading

    private var heading: [String] {
        let name = TerminalText.escape(HostName.short(report.traffic.host))
        let owner =
            report.traffic.virtualService.map { "VirtualService \(TerminalText.escape($0.name))" }
            ?? "no VirtualService"
        let facts = "\(owner) · revision \(report.traffic.revision) · \(proxyState)"
        let room = Self.width - name.count - facts.count
        guard room >= 2 else {
            return [style.bold(name)] + WrappedText.lines(facts[...], columns: Self.width, indent: 2)
        }
        return [style.bold(name) + String(repeating: " ", count: max(2, min(40 - name.count, room))) + facts]
    }

    /// For whom the proxies choose routes, where that leaves some of them out.
    private var clientLines: [String] {
        guard report.outOfReach.contains(where: { !$0.isEmpty }) else { return [] }
        var told: Set<String> = []
        return proxies.compactMap(\.clients).filter { told.insert($0).inserted }.flatMap { clients in
            let text = TerminalText.escape("served to \(clients)")
            return WrappedText.lines(text[...], columns: Self.width, indent: 2)
        }
    }

    private var proxyState: String {
        guard !proxies.isEmpty else { return "no proxy" }
        let count = proxies.count == 1 ? "1 proxy" : "\(proxies.count) proxies"
        let late = proxies.count { $0.appliedRevision < report.traffic.revision }
        let stale = proxies.count { $0.staleSince != nil }
        if stale > 0 { return "\(count), \(proxies.count == 1 ? "" : "\(stale) ")stale" }
        let lacking = proxies.count { !$0.problems.isEmpty }
        if late == 0, lacking > 0 { return "\(count), \(lacking) with problems" }
        let damaged = proxies.count { !$0.damage.isEmpty }
        if late == 0, damaged > 0 { return "\(count), \(damaged) with damaged objects" }
        if late == 0 { return "\(count), up to date" }
        return "\(count), \(late) not yet at revision \(report.traffic.revision)"
    }

    // MARK: - The rest

    private var warningLines: [String] {
        // Several routes may have the same fault.
        var told: Set<String> = []
        return report.diagnostics.flatMap { diagnostic -> [String] in
            let label = "\(diagnostic.severity.rawValue):"
            let text = "\(label) \(TerminalText.message(diagnostic.message)) [\(diagnostic.code.canary)]"
            guard told.insert(text).inserted else { return [] }
            var lines = WrappedText.lines(text[...], columns: Self.width, indent: 2)
            if !lines.isEmpty {
                lines[0].replaceSubrange(
                    lines[0].firstRange(of: label) ?? lines[0].startIndex..<lines[0].startIndex,
                    with: "\(style.severity(diagnostic.severity)):"
                )
            }
            return lines
        }
    }

    private var rolloutLines: [String] {
        switch report.rollout {
        case .success(let rollout):
            let text = "rollout \(rollout.rollout.record.name) \(rollout.versions): \(rollout.progress)"
            return WrappedText.lines(TerminalText.escape(text)[...], columns: Self.width, indent: 2)
        case .failure(let error):
            let text = "\(style.severity(.warning)): \(TerminalText.message(error.message))"
            return WrappedText.lines(text[...], columns: Self.width, indent: 2)
        case nil: return []
        }
    }

    private var autoscalerLines: [String] {
        report.autoscalers.flatMap { resource -> [String] in
            guard let autoscaler = resource.autoscaler else { return [] }
            let bounds = "\(autoscaler.minReplicas) to \(autoscaler.maxReplicas) replicas"
            let text = TerminalText.escape("autoscaler \(resource.name): \(autoscaler.targetName), \(bounds)")
            return WrappedText.lines(text[...], columns: Self.width, indent: 2)
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
        return ["  changes"] + rows.flatMap { changeLines($0, widths) }
    }

    /// A reason that does not fit beside its change stands below it; a summary without room, too.
    private func changeLines(_ row: [String], _ widths: [Int]) -> [String] {
        let head = "    " + zip(row.prefix(3), widths).map { $0.padded(to: $1) }.joined(separator: "  ")
        let line = "\(head)  \(row[3].padded(to: widths[3]))  \(row[4])"
        let below = { (text: String) in WrappedText.lines(text[...], columns: Self.width, indent: 8) }
        if Self.trimmed(line).count <= Self.width { return [line] }
        if head.count + 2 + row[3].count <= Self.width { return ["\(head)  \(row[3])"] + below(row[4]) }
        return [head] + below(row[3]) + below(row[4])
    }

    private static func trimmed(_ line: String) -> String {
        String(line.reversed().drop { $0 == " " }.reversed())
    }
}
