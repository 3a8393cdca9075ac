// SPDX-License-Identifier: Apache-2.0

/// Argo Rollouts' rule, with the values of its documentation: 20, 40, 60 and 80 % for ten minutes each, and from 40 % on a success rate
/// of the last five minutes, measured every five minutes, that should be at least 95 %. More than `failureLimit` failed
/// measurements take the canary back, and so do more than four in a row that had no data, which are repeated after ten seconds.
///
/// (argoproj/argo-rollouts, `docs/features/analysis.md`, "Background Analysis", and `analysis/analysis.go`.) The query of the
/// documentation looks at the Service as a whole; here it is kinder, and looks at the canary.
package struct ArgoPolicy: RolloutPolicy {
    package var weights: [UInt64] = [20, 40, 60, 80]
    package var pause = 600
    /// The step with which the analysis begins.
    package var startingStep = 1
    package var interval = 300
    package var successRate = 0.95
    package var failureLimit = 3
    package var consecutiveErrorLimit = 4
    package var errorRetry = 10

    package private(set) var outcome: PolicyOutcome?
    package private(set) var failures = 0
    private var errorsInRow = 0
    private var step = 0
    private var second = 0
    private var nextMeasurement: Int?
    /// By second, of the last interval.
    private var window: [(ended: UInt64, errors: UInt64)] = []

    package init() {}

    package var share: Share { weights.indices.contains(step) ? Share(percent: weights[step]) : .all }

    package var reason: String {
        errorsInRow > consecutiveErrorLimit
            ? "measurements without data: \(errorsInRow), consecutiveErrorLimit \(consecutiveErrorLimit)"
            : "failed measurements: \(failures), failureLimit \(failureLimit)"
    }

    package mutating func second(_ counts: ArmPair) {
        guard outcome == nil else { return }
        second += 1
        window.append((counts.canary.ended, counts.canary.errors))
        if window.count > interval { window.removeFirst(window.count - interval) }
        if step >= startingStep, second >= nextMeasurement ?? second { measure() }
        guard outcome == nil, second % max(pause, 1) == 0 else { return }
        step += 1
        if step >= weights.count { outcome = .promoted }
    }

    private mutating func measure() {
        let ended = window.reduce(0) { $0 &+ $1.ended }
        guard ended > 0 else {
            errorsInRow += 1
            nextMeasurement = second + errorRetry
            if errorsInRow > consecutiveErrorLimit { outcome = .takenBack }
            return
        }
        errorsInRow = 0
        nextMeasurement = second + interval
        let errors = window.reduce(0) { $0 &+ $1.errors }
        if 1 - Double(errors) / Double(ended) < successRate { failures += 1 }
        if failures > failureLimit { outcome = .takenBack }
    }
}
