// SPDX-License-Identifier: Apache-2.0

import CanaryJudge
import CanaryResources
import CanaryTestSupport
import Glibc
import Testing

/// The promise where the requests of a user go together: a few users who fail again and again are no bad version.
@Suite struct StickyUserTests {
    private static let ramp = [1, 5, 25, 50].map { Share(percent: $0) }

    /// Users of versions that are alike, each with a place that decides the version at every share, and what a proxy counts.
    private struct Users {
        /// A few make much of the traffic, and all that some do fails.
        private static let heavy: UInt64 = 6
        private static let others: UInt64 = 300

        /// How much more often v2 fails.
        var harm = 1.0
        var random: SeededGenerator
        private let salt: UInt64
        private var seen: Set<UInt64> = []
        private var failed: Set<UInt64> = []

        init(seed: UInt64) {
            random = SeededGenerator(seed: seed)
            salt = random.next()
        }

        /// The route gets another share, which proxies count users anew for.
        mutating func beginSetting() {
            (seen, failed) = ([], [])
        }

        mutating func second(at share: Share, requests: Int) -> EvidenceGrowth {
            var pair = (canary: ArmCounts(), stable: ArmCounts())
            for _ in 0..<requests {
                let isHeavy = random.happens(0.3)
                let user = isHeavy ? random.next() % Self.heavy : Self.heavy + random.next() % Self.others
                var draw = SeededGenerator(seed: salt ^ user)
                let isCanary = draw.uniform() < share.value
                let rate = isHeavy ? 0.5 : 0.01
                let fails = random.happens(min(isCanary ? rate * harm : rate, 1))
                if isCanary {
                    count(user, fails, in: &pair.canary)
                } else {
                    count(user, fails, in: &pair.stable)
                }
            }
            return EvidenceGrowth(.split(share), canary: pair.canary, stable: pair.stable)
        }

        private mutating func count(_ user: UInt64, _ fails: Bool, in counts: inout ArmCounts) {
            counts.assigned += 1
            counts.ended += 1
            if fails { counts.errors += 1 }
            if seen.insert(user).inserted {
                counts.users.assigned += 1
                counts.users.durations.add(nanoseconds: 5_000_000)
            }
            guard !failed.contains(user) else { return }
            counts.users.tried += 1
            guard fails else { return }
            failed.insert(user)
            counts.users.failed += 1
        }
    }

    private func rules(_ unit: JudgeRules.Unit) -> JudgeRules {
        var rules = JudgeRules()
        (rules.alpha, rules.unit, rules.quantiles, rules.watchesAnswers) = (0.05, unit, [], false)
        rules.errorFloor = nil
        return rules
    }

    /// Whether a ramp of two minutes ends in an alarm.
    private func alarms(_ unit: JudgeRules.Unit, _ users: Users, requests: Int = 10) -> Bool {
        var (judge, users) = (Judge(rules(unit)), users)
        for share in Self.ramp {
            users.beginSetting()
            judge.beginDraws()
            for second in 1...30 {
                judge.add(users.second(at: share, requests: requests))
                if second % 10 == 0 { judge.beginSegment() }
                if judge.alarm != nil { return true }
            }
        }
        return false
    }

    private func alarms(_ unit: JudgeRules.Unit, runs: Int) -> Int {
        (0..<runs).count { run in
            alarms(unit, Users(seed: Simulations.seed &* 1_000_003 &+ UInt64(run)))
        }
    }

    @Test func `users who fail again and again are counted once a step, which keeps the bound`() {
        let runs = 400 * Simulations.factor
        let once = alarms(.users, runs: runs)
        #expect(once <= Simulations.most(alpha: 0.05, runs: runs))
        // It is the users that do it: requests, counted each, break it.
        let always = alarms(.requests, runs: runs / 4)
        #expect(always > Simulations.most(alpha: 0.05, runs: runs / 4))
    }

    /// On a better version errors come later to those who are left: no reason to take it back.
    @Test func `a better version is not taken back because its users are left over`() {
        let runs = 100 * Simulations.factor
        let alarms = (0..<runs).count { run in
            var users = Users(seed: Simulations.seed &* 7_000_003 &+ UInt64(run))
            users.harm = 0.3
            return self.alarms(.users, users, requests: 60)
        }
        #expect(alarms <= Simulations.most(alpha: 0.05, runs: runs))
    }

    @Test func `a failing version is found by its users`() {
        var users = Users(seed: Simulations.seed)
        users.harm = 60
        #expect(alarms(.users, users, requests: 60))
    }

    @Test func `requests that no user is known of are not compared with users`() {
        var judge = Judge(rules(.users))
        let canary = ArmCounts(assigned: 100, ended: 100, errors: 100)
        let stable = ArmCounts(assigned: 900, ended: 900, errors: 0)
        judge.add(EvidenceGrowth(.split(Share(percent: 10)), canary: canary, stable: stable))
        #expect(judge.alarm == nil && !judge.isSplitWrong)
        #expect(judge.metrics[0].canary.requests == 0)
    }

    /// Each start point has evidence of its own: α is shared out among them, and none gains by another's.
    @Test func `evidence of one setting is not added to that of the next`() {
        var process = EProcess(.noWorse(), repeatsDraws: true)
        let counts = ShareCounts(share: Share(percent: 10), events: 4, canary: 4)
        process.add(counts)
        let first = process.logValue
        let alone = Hypothesis.noWorse().logEvidence([counts])
        #expect(abs(first - (alone - log(2))) < 1e-12)
        process.beginSegment()
        process.add(ShareCounts(share: Share(percent: 10), events: 3, canary: 3))
        #expect(process.logValue == first)
        #expect(process.presentLogValue < first)
        #expect(process.leadingStart.counts == [counts] && process.leadingStart.part == 0.5)
        process.add(ShareCounts(share: Share(percent: 10), events: 3, canary: 3))
        let six = Hypothesis.noWorse().logEvidence([
            ShareCounts(share: Share(percent: 10), events: 6, canary: 6)
        ])
        #expect(abs(process.logValue - (six - log(6))) < 1e-12)
        #expect(abs(process.leadingStart.part - 1.0 / 6) < 1e-12 && process.leadingStart.counts.events == 6)
    }
}
