// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// Flagger's rule, with the values of its tutorials: every minute the canary's own success rate (at least 99 %) and p99 (at most
/// 500 ms) of the last minute. A failed check is counted and stops the ramp; none is ever forgotten; no data is a failed check. When
/// `threshold` have failed, the canary is taken back at the next look.
///
/// (fluxcd/flagger, `pkg/controller/scheduler.go` and its metric observers, of 2026-07.)
package struct FlaggerPolicy: RolloutPolicy {
    package var interval = 60
    package var threshold = 5
    package var stepWeight: UInt64 = 10
    package var maxWeight: UInt64 = 50
    package var successRate = 0.99
    package var p99Milliseconds = 500.0

    package private(set) var outcome: PolicyOutcome?
    package private(set) var failedChecks = 0
    private var weight: UInt64 = 0
    private var second = 0
    private var window = ArmCounts()

    package init() {}

    package var share: Share { Share(percent: weight) }

    package var reason: String { "failed checks: \(failedChecks), threshold \(threshold)" }

    package mutating func second(_ counts: ArmPair) {
        window.add(counts.canary)
        second += 1
        guard second % max(interval, 1) == 0, outcome == nil else { return }
        tick()
        window = ArmCounts()
    }

    private mutating func tick() {
        if failedChecks >= threshold {
            outcome = .takenBack
        } else if weight > 0, !passes {
            failedChecks += 1
        } else if weight < maxWeight {
            weight = min(weight + stepWeight, maxWeight)
        } else {
            outcome = .promoted
        }
    }

    private var passes: Bool {
        guard window.ended > 0 else { return false }
        let failed = Double(window.errors) / Double(window.ended)
        guard 1 - failed >= successRate else { return false }
        return (window.durations.quantile(0.99) ?? 0) <= p99Milliseconds
    }
}
