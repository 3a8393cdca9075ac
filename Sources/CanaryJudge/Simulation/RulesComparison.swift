// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// What several sets of rules did with the same made-up traffic, run by run.
package struct RulesComparison: Sendable, Equatable {
    package var canaryctl: [PolicyRun] = []
    package var flagger: [PolicyRun] = []
    package var argo: [PolicyRun] = []

    /// Each run has its own seed, which all three get.
    ///
    /// - Parameter seconds: how long a run takes at most.
    package init(
        _ plan: RolloutPlan,
        on traffic: MadeUpTraffic<SplitMix64>,
        runs: Int,
        seed: UInt64,
        atMost seconds: Int
    ) {
        for run in 0..<runs {
            var traffic = traffic
            // Seeds that follow each other would make streams that overlap.
            var seeds = SplitMix64(seed: seed &+ UInt64(run))
            traffic.random = SplitMix64(seed: seeds.next())
            canaryctl.append(PolicyRun(JudgePolicy(plan), on: traffic, atMost: seconds))
            flagger.append(PolicyRun(FlaggerPolicy(), on: traffic, atMost: seconds))
            argo.append(PolicyRun(ArgoPolicy(), on: traffic, atMost: seconds))
        }
    }
}

/// Runs of one set of rules, in figures.
package struct RunFigures: Sendable, Equatable {
    package var runs: Int
    package var aborted: Int
    package var promoted: Int
    /// Medians; `nil` without a run that ended so.
    package var secondsToAbort: Double?
    package var secondsToPromotion: Double?
    /// Of all runs.
    package var canaryRequests: Double
    package var canaryErrors: Double

    package init(_ runs: [PolicyRun]) {
        self.runs = runs.count
        let back = runs.filter { $0.outcome == .takenBack }
        aborted = back.count
        promoted = runs.count { $0.outcome == .promoted }
        secondsToAbort = Self.median(back.map { Double($0.seconds) })
        secondsToPromotion = Self.median(runs.compactMap { $0.secondsToPromotion.map(Double.init) })
        canaryRequests = Self.median(runs.map { Double($0.canaryRequests) }) ?? 0
        canaryErrors = Self.median(runs.map { Double($0.canaryErrors) }) ?? 0
    }

    private static func median(_ values: [Double]) -> Double? {
        guard !values.isEmpty else { return nil }
        let sorted = values.sorted()
        return (sorted[sorted.count / 2] + sorted[(sorted.count - 1) / 2]) / 2
    }
}
