// SPDX-License-Identifier: Apache-2.0

/// How a Rollout wants its canary judged; `nil` is the judge's default.
package struct RolloutAnalysis: Sendable {
    /// The probability that a canary that is no worse is ever taken back.
    package var alpha: Double?
    /// Whether errors are compared with stable's.
    package var comparesErrors: Bool
    /// How many times as many errors as stable's are accepted.
    package var errorTolerance: Double?
    /// Who fails less often than this is not taken back for errors.
    package var errorFloor: Percentage?
    /// Whether durations are compared with stable's.
    package var comparesLatency: Bool
    /// Of stable's durations, in percent: 50, 90, 99.
    package var quantiles: [Int]?
    /// How many times as long as stable the canary may take.
    package var slowdown: Double?
    /// Who takes no more than this longer than stable is not slow.
    package var latencyFloor: Duration?
    /// After the canary's first request, how long its slowness counts for nothing.
    package var warmUp: Duration
    /// Caches fill, connections are made, code is compiled: a version may be slow at first that is not so for good.
    private static let usualWarmUp = Duration.seconds(30)
    /// The errors that are accepted, whatever stable does.
    package var errorLimit: Percentage?
    /// How long requests may take.
    package var latencyLimit: Duration?
    package var metrics: [RolloutMetric]

    init(_ node: Node?) {
        let (errors, latency, limits) = (node?["errors"], node?["latency"], node?["limits"])
        alpha = node?["alpha"]?.number
        comparesErrors = errors?["enabled"]?.bool ?? true
        errorTolerance = errors?["tolerance"]?.number
        errorFloor = Percentage(share: errors?["floor"])
        comparesLatency = latency?["enabled"]?.bool ?? true
        quantiles = latency?["quantiles"]?.items.compactMap { $0.string.flatMap { Int($0.dropFirst()) } }
        slowdown = latency?["slowdown"]?.number
        latencyFloor = Duration(latency?["floor"])
        warmUp = Duration(latency?["warmUp"]) ?? Self.usualWarmUp
        errorLimit = Percentage(share: limits?["errors"])
        latencyLimit = Duration(limits?["latency"])
        metrics = (node?["metrics"]?.items ?? []).map(RolloutMetric.init)
    }
}

/// A number, or a yes or no, that something else has: it is asked before each step.
package struct RolloutMetric: Sendable {
    package enum Source: Sendable {
        /// A query of a Prometheus at an address.
        case prometheus(address: String, query: String)
        /// What a command prints, else whether its status is 0.
        case command([String])
        /// Whether a service answers a POST with a status below 300.
        case http(url: String)
    }

    package enum OnFailure: String, Sendable, CaseIterable {
        case wait, abort
    }

    package var name: String
    package var source: Source?
    package var min: Double?
    package var max: Double?
    package var timeout: Duration
    package var onFailure: OnFailure

    init(_ node: Node) {
        name = node["name"]?.string ?? ""
        if let prometheus = node["prometheus"] {
            source = .prometheus(
                address: prometheus["address"]?.string ?? "",
                query: prometheus["query"]?.string ?? ""
            )
        } else if let command = node["command"] {
            source = .command(command.strings)
        } else {
            source = node["http"]?["url"]?.string.map { .http(url: $0) }
        }
        min = node["min"]?.number
        max = node["max"]?.number
        timeout = Duration(node["timeout"]) ?? .seconds(5)
        onFailure = node["onFailure"]?.string.flatMap(OnFailure.init) ?? .wait
    }
}
