// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A metric of a Rollout has no source, no bounds that can be kept, or a name that another one has.
enum RolloutMetricsRule: ObjectRule {
    static let code = RuleCode("CAN1206")
    static let kinds: Set<ResourceKind> = [.rollout]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        var names: Set<String> = []
        for place in object.spec?["analysis"]?["metrics"]?.items ?? [] where place.node.mapping != nil {
            checkName(place, &names, &report)
            checkSource(place, &report)
            checkBounds(place, &report)
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
        for key in ["url", "address"] {
            guard let url = source[key], let text = url.string, !isURL(text) else { continue }
            report.add(
                at: url,
                "\"\(text)\" is no address of HTTP",
                hint: "write http://HOST:PORT, or https://"
            )
        }
    }

    private static func isURL(_ text: String) -> Bool {
        ["http://", "https://"].contains { text.hasPrefix($0) && text.utf8.count > $0.utf8.count }
    }

    private static func checkBounds(_ place: Located, _ report: inout RuleReport) {
        let (low, high) = (place["min"]?.node.number, place["max"]?.node.number)
        if place["prometheus"] != nil, low == nil, high == nil {
            report.add(
                at: place.field("max"),
                "a query's number needs a bound",
                hint: "write \"max:\" or \"min:\""
            )
        }
        if place["http"] != nil, low != nil || high != nil {
            report.add(
                at: place.field(low != nil ? "min" : "max"),
                "an answer's status has no bounds: below 300 is good",
                hint: "leave it out"
            )
        }
        if let low, let high, low > high {
            report.add(
                at: place.field("min"),
                "no number is at least \(low) and at most \(high)",
                hint: "exchange \"min\" and \"max\""
            )
        }
    }
}
