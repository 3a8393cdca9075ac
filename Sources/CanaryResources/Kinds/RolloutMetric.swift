// SPDX-License-Identifier: Apache-2.0

/// The least and the largest number that are good, themselves included; `nil` is none.
package struct NumberBounds: Sendable, Equatable {
    package var min: Double?
    package var max: Double?

    package init(min: Double? = nil, max: Double? = nil) {
        self.min = min
        self.max = max
    }

    /// Of the fields `min` and `max`. A template's argument stands there as text.
    init(_ node: Node?) {
        func number(_ key: String) -> Double? {
            node?[key].flatMap { $0.number ?? $0.string.flatMap { Double($0) } }
        }
        self.init(min: number("min"), max: number("max"))
    }

    package var isEmpty: Bool { min == nil && max == nil }
}

/// A number, or a yes or no, that something else has: it is asked while a step lasts, and before the next one.
package struct RolloutMetric: Sendable {
    package enum Source: Sendable {
        /// A query of a Prometheus at an address.
        case prometheus(address: String, query: String)
        /// What a command prints, else whether its status is 0.
        case command([String])
        /// Whether a service answers a POST with a status below 300.
        case http(url: String, metadata: [String: String])
    }

    package enum OnFailure: String, Sendable, CaseIterable {
        case wait, abort
    }

    package var name: String
    package var source: Source?
    /// For the canary's number.
    package var bounds: NumberBounds
    /// For the canary's number, in times of the stable version's: it is asked for both.
    package var comparison: NumberBounds?
    package var timeout: Duration
    /// From one answer to the next question.
    package var interval: Duration
    package var onFailure: OnFailure
    /// How many failures in a row are put up with before one takes the canary back.
    package var failureLimit: Int

    init(_ node: Node) {
        name = node["name"]?.string ?? ""
        if let prometheus = node["prometheus"] {
            source = .prometheus(
                address: prometheus["address"]?.string ?? "",
                query: prometheus["query"]?.string ?? ""
            )
        } else if let command = node["command"] {
            source = .command(command.strings)
        } else if let http = node["http"] {
            source = .http(url: http["url"]?.string ?? "", metadata: http["metadata"]?.stringMap ?? [:])
        }
        bounds = NumberBounds(node)
        comparison = node["compare"].map { NumberBounds($0) }
        timeout = Duration(node["timeout"]) ?? .seconds(5)
        interval = Duration(node["interval"]) ?? .seconds(10)
        onFailure = node["onFailure"]?.string.flatMap(OnFailure.init) ?? .wait
        failureLimit = node["failureLimit"]?.integer.flatMap { Int(exactly: $0) } ?? 0
    }

    /// The words that its texts may have in double braces, besides the arguments of a template.
    package static let placeholders = [
        "canary", "host", "namespace", "rollout", "stable", "step", "version", "weight",
    ]
}
