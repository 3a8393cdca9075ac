// SPDX-License-Identifier: Apache-2.0

/// What the judge, Flagger's and Argo's rules make of traffic that was split by somebody else: the canary keeps its requests whatever
/// they wish, and each is asked when it would have said what.
package struct LogSimulation: Sendable {
    package private(set) var judge: JudgedTraffic
    package private(set) var flagger = PolicyRun()
    package private(set) var argo = PolicyRun()
    /// Of the whole log.
    package private(set) var seconds = 0
    private var flaggersRules = FlaggerPolicy()
    private var argosRules = ArgoPolicy()

    package init(_ rules: JudgeRules, canary: String) {
        judge = JudgedTraffic(rules, canary: canary)
    }

    /// - Parameter share: what the canary had of the requests, as it was drawn.
    package mutating func second(_ counts: ArmPair, share: Share) {
        seconds += 1
        judge.second(counts, share)
        flagger.add(counts, to: &flaggersRules)
        argo.add(counts, to: &argosRules)
    }
}

/// A judge that looks on.
package struct JudgedTraffic: Sendable {
    package private(set) var judge: Judge
    /// Until the alarm, or the end of the traffic.
    package private(set) var run = PolicyRun()
    /// From this second on there would have been nothing to wait for at the share of then.
    package private(set) var fineAfter: Int?
    package private(set) var share = Share.none
    private let canary: String

    init(_ rules: JudgeRules, canary: String) {
        judge = Judge(rules)
        self.canary = canary
    }

    mutating func second(_ counts: ArmPair, _ share: Share) {
        guard run.outcome == nil else { return }
        run.seconds += 1
        run.canaryRequests &+= counts.canary.assigned
        run.canaryErrors &+= counts.canary.errors
        self.share = share
        judge.pass(.seconds(1))
        if !counts.isEmpty {
            judge.add(EvidenceGrowth(.split(share), canary: counts.canary, stable: counts.stable))
            look()
        }
        if run.seconds % 60 == 0 { judge.beginSegment() }
    }

    private mutating func look() {
        if let alarm = judge.alarm {
            run.outcome = .takenBack
            run.reason = judge.sentence(alarm, canary: canary)
        } else if fineAfter == nil, judge.verdict(at: share).isFine {
            fineAfter = run.seconds
        }
    }
}
