// SPDX-License-Identifier: Apache-2.0

import CanaryReplicas
import CanaryResources

/// `describe hpa NAME`, in kubectl's layout, and what each metric alone would have.
struct AutoscalerDescription {
    let resource: Resource
    let report: AutoscalerReport
    let status: AutoscalerStatus?
    /// The lines of what happened to it.
    let events: [String]
    /// Milliseconds since 1970.
    let now: Int64

    var text: String {
        (fields + section("Conditions", conditions) + reasoning + events)
            .map { TerminalText.escape($0) + "\n" }.joined()
    }

    private var fields: [String] {
        var fields = [(name: "Name", value: resource.name)]
        fields.append(("Namespace", resource.namespace))
        fields.append(("Labels", Self.list(resource.metadata.labels)))
        if let stored = resource.stored {
            fields.append(("CreationTimestamp", CalendarTime(milliseconds: stored.createdAt).text))
        }
        fields.append(("Reference", "\(report.targetKind)/\(resource.autoscaler?.targetName ?? "")"))
        fields += report.fields
        if let scaled = status?.lastScaleTime {
            fields.append(("Last scaled", TimeText.age(from: scaled.milliseconds, to: now) + " ago"))
        }
        let width = (fields.filter { !Self.isItem($0.name) }.map(\.name.count).max() ?? 0) + 3
        return fields.map { name, value in
            guard value.isEmpty else { return "\(name):".padded(to: width) + value }
            return Self.isItem(name) ? name : "\(name):"
        }
    }

    /// Whether it is an entry of a list, which says all of itself.
    private static func isItem(_ name: String) -> Bool { name.drop { $0 == " " }.hasPrefix("- ") }

    private static func list(_ values: [String: String]) -> String {
        let pairs = values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return pairs.isEmpty ? "<none>" : pairs.joined(separator: ",")
    }

    private var reasoning: [String] {
        ["Replicas by metric:"] + report.reasoning.map { "  \($0)" }
    }

    private var conditions: Table {
        var table = Table(titles: ["Type", "Status", "Reason", "Message"])
        for row in report.conditionRows { table.add(row) }
        return table
    }

    private func section(_ title: String, _ table: Table) -> [String] {
        guard !table.isEmpty else { return ["\(title):".padded(to: title.count + 3) + "<none>"] }
        return ["\(title):"] + table.text.split(separator: "\n").map { "  \($0)" }
    }
}
