// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A metric of a Rollout or an AnalysisTemplate has no source, no bounds that can be kept, or a name that another one has.
///
/// A comparison asks for both versions, so that a query needs `{{version}}` where they differ.
enum RolloutMetricsRule: ObjectRule {
    static let code = RuleCode("CAN1206")
    static let kinds: Set<ResourceKind> = [.rollout, .analysisTemplate]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        var names: Set<String> = []
        for place in object.metrics {
            checkName(place, &names, &report)
            checkSource(place, &report)
            checkBounds(place, &report)
            checkComparison(place, &report)
        }
    }

    private static func checkName(
        _ place: Located,
        _ names: inout Set<String>,
        _ report: inout RuleReport
    ) {
        guard let name = place["name"]?.string else { return }
        if name.isEmpty {
            report.add(at: place.field("name"), "the metric's name is empty", hint: "write a short word")
        } else if !names.insert(name).inserted {
            report.add(
                at: place.field("name"),
                "two metrics are called \"\(name)\"",
                hint: "give each a name of its own"
            )
        }
    }

    private static func checkSource(_ place: Located, _ report: inout RuleReport) {
        let sources = ["prometheus", "command", "http"].compactMap { place[$0] }
        guard let source = sources.first else {
            report.add(
                at: place.field("prometheus"),
                "the metric has neither \"prometheus\", \"command\" nor \"http\"",
                hint: "write \"command:\" with the words of a command, or another of them"
            )
            return
        }
        for key in ["url", "address"] { report.checkURL(source[key]) }
        if let interval = Duration(place["interval"]?.node), interval < .seconds(1) {
            report.add(
                at: place.field("interval"),
                "a metric is asked at most once a second",
                hint: "write 1s or more"
            )
        }
    }

    private static func checkBounds(_ place: Located, _ report: inout RuleReport) {
        if place["prometheus"] != nil, place["min"] == nil, place["max"] == nil, place["compare"] == nil {
            report.add(
                at: place.field("max"),
                "a query's number needs a bound",
                hint: "write \"max:\", \"min:\" or \"compare:\""
            )
        }
        if place["http"] != nil, let key = ["min", "max", "compare"].first(where: { place[$0] != nil }) {
            report.add(
                at: place.field(key),
                "an answer's status has no bounds: below 300 is good",
                hint: "leave it out"
            )
        }
        checkOrder(place, &report)
    }

    private static func checkOrder(_ place: Located, _ report: inout RuleReport) {
        guard let low = place["min"]?.node.number, let high = place["max"]?.node.number, low > high else {
            return
        }
        report.add(
            at: place.field("min"),
            "no number is at least \(low) and at most \(high)",
            hint: "exchange \"min\" and \"max\""
        )
    }

    private static func checkComparison(_ place: Located, _ report: inout RuleReport) {
        guard let comparison = place["compare"], comparison.node.mapping != nil else { return }
        if comparison["min"] == nil, comparison["max"] == nil {
            report.add(
                at: comparison,
                "the comparison has neither \"min\" nor \"max\"",
                hint: "write \"max: 1.2\" for at most 1.2 times the stable version's number"
            )
        }
        checkOrder(comparison, &report)
        guard let query = place["prometheus"]?["query"], let text = query.string,
            !Placeholders.names(in: text).contains("version")
        else { return }
        report.add(
            at: query,
            "the query is the same for both versions, so that there is nothing to compare",
            hint: "write {{version}} where the version's name stands"
        )
    }
}

extension RuleReport {
    /// Reports what is no address of HTTP, whatever its places are filled with.
    mutating func checkURL(_ place: Located?) {
        guard let place, let text = place.string else { return }
        let values = Dictionary(Placeholders.names(in: text).map { ($0, "1") }) { $1 }
        guard HTTPURL(Placeholders.fill(text, values)) == nil else { return }
        add(at: place, "\"\(text)\" is no address of HTTP", hint: "write http://HOST:PORT, or https://")
    }
}

extension CheckedObject {
    /// The metrics of a Rollout or an AnalysisTemplate.
    var metrics: [Located] {
        let place = resource.kind == .rollout ? spec?["analysis"]?["metrics"] : spec?["metrics"]
        return (place?.items ?? []).filter { $0.node.mapping != nil }
    }
}
