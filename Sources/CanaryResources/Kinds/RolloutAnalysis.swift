// SPDX-License-Identifier: Apache-2.0

/// How a Rollout wants its canary judged; `nil` is the judge's default.
package struct RolloutAnalysis: Sendable {
    /// The probability that a canary that is no worse is ever taken back.
    package var alpha: Double?
    /// Whether errors are compared with stable's.
    package var comparesErrors: Bool
    /// How many times as many errors as stable's are accepted.
    package var errorTolerance: Double?
    /// The answers that are errors.
    package var errorStatuses: ErrorStatuses?
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
    package var templates: [AnalysisTemplateUse]

    init(_ node: Node?) {
        let (errors, latency, limits) = (node?["errors"], node?["latency"], node?["limits"])
        alpha = node?["alpha"]?.number
        comparesErrors = errors?["enabled"]?.bool ?? true
        errorTolerance = errors?["tolerance"]?.number
        errorStatuses = errors?["statuses"].map { statuses in
            ErrorStatuses(statuses.items.compactMap { ErrorStatuses.Entry($0) })
        }
        errorFloor = Percentage(share: errors?["floor"])
        comparesLatency = latency?["enabled"]?.bool ?? true
        quantiles = latency?["quantiles"]?.items.compactMap { $0.string.flatMap { Int($0.dropFirst()) } }
        slowdown = latency?["slowdown"]?.number
        latencyFloor = Duration(latency?["floor"])
        warmUp = Duration(latency?["warmUp"]) ?? Self.usualWarmUp
        errorLimit = Percentage(share: limits?["errors"])
        latencyLimit = Duration(limits?["latency"])
        metrics = (node?["metrics"]?.items ?? []).map(RolloutMetric.init)
        templates = (node?["templates"]?.items ?? []).map(AnalysisTemplateUse.init)
    }
}
