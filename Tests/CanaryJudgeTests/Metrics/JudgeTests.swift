// SPDX-License-Identifier: Apache-2.0

import CanaryJudge
import CanaryResources
import CanaryTestSupport
import Glibc
import Testing

@Suite struct JudgeTests {
    private let tenth = Share(percent: 10)

    private func growth(canary: ArmCounts, stable: ArmCounts, at share: Share? = nil) -> EvidenceGrowth {
        EvidenceGrowth(.split(share ?? tenth), canary: canary, stable: stable)
    }

    private func arm(_ requests: UInt64, errors: UInt64 = 0) -> ArmCounts {
        ArmCounts(assigned: requests, ended: requests, errors: errors)
    }

    @Test func `alpha is shared out, and no more than alpha`() {
        var rules = JudgeRules()
        rules.errorLimit = Share(percent: 1)
        rules.latencyLimit = 300
        #expect(
            rules.metrics.map(\.description) == [
                "errors", "error-limit", "latency-p50", "latency-p90", "latency-p99", "latency-limit",
                "answers",
            ]
        )
        #expect(abs(rules.metrics.map(rules.alpha).reduce(0, +) - 0.01) < 1e-15)
        rules.comparesErrors = false
        #expect(abs(rules.metrics.map(rules.alpha).reduce(0, +) - 0.01) < 1e-15)
        (rules.comparesErrors, rules.quantiles, rules.watchesAnswers) = (true, [], false)
        (rules.errorLimit, rules.latencyLimit) = (nil, nil)
        #expect(rules.alpha(of: .errors) == 0.01)
    }

    @Test func `a failing canary is caught after a few failures`() throws {
        let runs = 60 * Simulations.factor
        var results: [(seconds: Int, failures: UInt64)] = []
        for run in 0..<runs {
            var traffic = Traffic(seed: UInt64(run))
            traffic.canary.errorRate = 0.05
            var judge = Judge(JudgeRules())
            let found = try #require(judge.alarm(on: &traffic, at: tenth, within: 200))
            #expect(found.metric == .errors)
            results.append((found.seconds, judge.metrics[0].canary.events))
        }
        #expect(results.map(\.seconds).sorted()[runs / 2] <= 12)
        #expect(results.map(\.failures).sorted()[runs / 2] <= 6)
    }

    @Test func `equal versions pass through drifts, bursts and outages of both`() {
        let runs = 25 * Simulations.factor
        var alarms = 0
        for run in 0..<runs {
            var traffic = Traffic(seed: 5000 + UInt64(run), median: 20)
            var rules = JudgeRules()
            (rules.alpha, rules.slowdown, rules.latencyFloor) = (0.05, 1, 0)
            var judge = Judge(rules)
            for second in 0..<60 {
                traffic.load = 1 + 0.8 * sin(Double(second) / 10)
                traffic.trouble = second / 10 == 3 ? 0.3 : 0
                judge.add(traffic.growth(at: Share(percent: second < 30 ? 10 : 50)))
                if second % 20 == 0 { judge.beginSegment() }
                guard judge.alarm == nil else {
                    alarms += 1
                    break
                }
            }
        }
        #expect(alarms <= Simulations.most(alpha: 0.05, runs: runs))
    }

    @Test func `a canary that is slower is found by a quantile`() throws {
        var traffic = Traffic(seed: 1, median: 20)
        traffic.canary.median = 32
        var judge = Judge(JudgeRules())
        let found = try #require(
            judge.alarm(on: &traffic, at: tenth, within: 120) { 1 + 0.5 * sin(Double($0)) }
        )
        #expect([.latency(.p50), .latency(.p90)].contains(found.metric))

        // A few very slow requests are found by the last one.
        traffic.canary.median = 20
        traffic.canary.slowPart = 0.05
        judge = Judge(JudgeRules())
        #expect(try #require(judge.alarm(on: &traffic, at: tenth, within: 300)).metric == .latency(.p99))
    }

    @Test func `what is slower by less than is tolerated is fine`() {
        var traffic = Traffic(seed: 2, median: 20)
        traffic.requestsPerSecond = 400
        traffic.canary.median = 21.8
        var judge = Judge(JudgeRules())
        #expect(judge.alarm(on: &traffic, at: .half, within: 60) == nil)
        // It is the tolerance: without it, they are found.
        var rules = JudgeRules()
        (rules.slowdown, rules.latencyFloor) = (1, 0)
        judge = Judge(rules)
        #expect(judge.alarm(on: &traffic, at: .half, within: 60) != nil)
    }

    @Test func `what is slower by less than anybody notices is fine`() {
        // Half as long again, but by 0.2 ms: as much as a version with little traffic takes to have its caches filled.
        var traffic = Traffic(seed: 4, median: 0.4)
        traffic.requestsPerSecond = 400
        traffic.canary.median = 0.6
        var judge = Judge(JudgeRules())
        #expect(judge.alarm(on: &traffic, at: tenth, within: 60) == nil)
        var rules = JudgeRules()
        rules.latencyFloor = 0
        judge = Judge(rules)
        #expect(judge.alarm(on: &traffic, at: tenth, within: 60) != nil)
    }

    @Test func `a moment in which the canary alone was slow takes nothing back`() {
        var traffic = Traffic(seed: 6, median: 20)
        var judge = Judge(JudgeRules())
        #expect(judge.alarm(on: &traffic, at: tenth, within: 30) == nil)
        traffic.canary.median = 2000
        #expect(judge.alarm(on: &traffic, at: tenth, within: 4) == nil)
        traffic.canary.median = 20
        #expect(judge.alarm(on: &traffic, at: tenth, within: 60) == nil)
        // It is no licence: what goes on is found.
        traffic.canary.median = 2000
        #expect(judge.alarm(on: &traffic, at: tenth, within: 10) != nil)
    }

    @Test func `slowness counts for nothing while the canary warms up`() {
        var traffic = Traffic(seed: 3, median: 20)
        traffic.canary.median = 200
        var judge = Judge(JudgeRules())
        for _ in 0..<20 { judge.add(traffic.growth(at: tenth), isWarm: false) }
        #expect(judge.alarm == nil)
        for _ in 0..<20 { judge.add(traffic.growth(at: tenth)) }
        #expect(judge.alarm != nil)
    }

    @Test func `a fixed time is judged against stable, too`() {
        var rules = JudgeRules()
        (rules.latencyLimit, rules.quantiles) = (100, [])
        var (slow, fast) = (arm(100), arm(900))
        slow.durations.add(20, nanoseconds: 200_000_000)
        slow.durations.add(80, nanoseconds: 20_000_000)
        fast.durations.add(900, nanoseconds: 20_000_000)
        var judge = Judge(rules)
        for _ in 0..<8 { judge.add(growth(canary: slow, stable: fast)) }
        #expect(judge.alarm?.metric == .latencyLimit(milliseconds: 100))
    }

    @Test func `rates that do not matter take nothing back`() {
        var judge = Judge(JudgeRules())
        // 30 failures in a million requests, where stable has none.
        judge.add(growth(canary: arm(1_000_000, errors: 30), stable: arm(9_000_000)))
        #expect(judge.metrics[0].logEvidence > log(100))
        #expect(judge.alarm == nil)
        // What can never alarm holds nothing back, and is called by its name.
        #expect(!judge.isSuspicious)
        #expect(judge.metrics[0].verdict(at: tenth) == .fine(.sampled))
        #expect(judge.assessments(at: tenth)[0].words == "too rare to matter")
        judge.add(growth(canary: arm(1000, errors: 1000), stable: arm(9000)))
        #expect(judge.alarm == nil)
        judge.beginSegment()
        judge.add(growth(canary: arm(1000, errors: 10), stable: arm(9000)))
        #expect(judge.alarm?.metric == .errors)
    }

    @Test func `a limit holds whatever stable does`() throws {
        var rules = JudgeRules()
        rules.errorLimit = Share(percent: 1)
        var judge = Judge(rules)
        judge.add(growth(canary: arm(1000, errors: 50), stable: arm(9000, errors: 450)))
        let alarm = try #require(judge.alarm)
        #expect(alarm.metric == .errorLimit(Share(percent: 1)))
        #expect(
            judge.sentence(alarm, canary: "v2").hasPrefix(
                "50 of 1000 canary requests failed, 1 % allowed; E = "
            )
        )
        // Nobody compares requests that a condition sent; limits hold for them.
        judge = Judge(rules)
        judge.add(EvidenceGrowth(.focus, canary: arm(1000, errors: 50), stable: ArmCounts()))
        #expect(judge.alarm?.metric == .errorLimit(Share(percent: 1)))
        #expect(abs(judge.metrics[0].logEvidence) < 1e-12)
    }

    @Test func `a canary that does not answer is found`() {
        var judge = Judge(JudgeRules())
        for second in 0..<200 {
            let canary = ArmCounts(assigned: 10, ended: second < 130 ? 10 : 0, errors: 0)
            judge.pass(.seconds(1))
            judge.add(growth(canary: canary, stable: arm(90)))
            if second % 60 == 59 { judge.beginSegment() }
            if second < 140 { #expect(judge.alarm == nil) }
        }
        #expect(judge.alarm?.metric == .answers)
        #expect(!judge.isSplitWrong)
    }

    @Test func `slow is not silent, whatever the traffic does`() {
        // Each version's requests of a second end three and nine seconds later.
        var judge = Judge(JudgeRules())
        let load: (Int) -> UInt64 = { second in
            second < 0 ? 0 : second % 40 == 7 ? 100 : second % 90 < 50 ? 10 : 1
        }
        for second in 0..<400 {
            let canary = ArmCounts(assigned: load(second), ended: load(second - 9), errors: 0)
            let stable = ArmCounts(assigned: 9 * load(second), ended: 9 * load(second - 3), errors: 0)
            judge.pass(.seconds(1))
            judge.add(growth(canary: canary, stable: stable))
            if second % 60 == 59 { judge.beginSegment() }
            #expect(judge.alarm == nil)
        }
    }

    @Test func `a split that is not the declared one is told`() {
        var traffic = Traffic(seed: 4)
        var judge = Judge(JudgeRules())
        for _ in 0..<60 { judge.add(traffic.growth(at: tenth)) }
        #expect(!judge.isSplitWrong)
        for _ in 0..<60 {
            judge.add(traffic.growth(at: Share(percent: 14), declared: tenth))
        }
        #expect(judge.isSplitWrong)
        #expect(judge.alarm == nil)
    }

    @Test func `copies are judged without users`() {
        var rules = JudgeRules()
        rules.judgesMirrors = true
        var judge = Judge(rules)
        for _ in 0..<10 {
            judge.add(EvidenceGrowth(.mirror, canary: arm(100, errors: 10), stable: arm(100, errors: 1)))
        }
        let alarm = judge.alarm
        #expect(alarm?.metric == .errors)
        #expect(
            alarm.map { judge.sentence($0, canary: "v2") }?.hasPrefix(
                "100 of 1000 mirrored requests failed, 10 of 1000 of the stable version's; E = "
            ) == true
        )
    }

    @Test func `sentences have the numbers`() throws {
        var rules = JudgeRules()
        (rules.quantiles, rules.watchesAnswers) = ([], false)
        var judge = Judge(rules)
        judge.add(growth(canary: arm(300, errors: 14), stable: arm(2700, errors: 17)))
        let alarm = try #require(judge.alarm)
        #expect(
            judge.sentence(alarm, canary: "v2")
                == "14 canary errors, 3.1 expected at 10 %; E = 102000 ≥ 100; v2 fails at least 2 times as often, 99 %"
        )
    }

    @Test func `first attempts count, whatever retries made of them`() {
        var evidence = RouteEvidence()
        evidence.assigned = 4
        for _ in 0..<3 { evidence.completed.add(.init(status: 200), nanoseconds: 5_000_000) }
        evidence.retried.add(.init(status: 200), nanoseconds: 5_000_000)
        evidence.firstTries.add(.init(status: 503), nanoseconds: 1_000_000)
        evidence.abandoned.add(.init(status: 0, flag: "DC"), nanoseconds: 9_000_000)
        let counts = ArmCounts(evidence)
        #expect((counts.assigned, counts.ended, counts.errors) == (4, 4, 1))
        #expect(counts.durations.total == 3)
        let chosen = ErrorStatuses([.status(503)])
        #expect(ArmCounts(evidence, errors: chosen).errors == 1)
        #expect(ArmCounts(evidence, errors: ErrorStatuses([.hundred(4)])).errors == 0)
    }

    @Test func `chosen statuses are errors instead of the usual ones, and cut off answers in any case`()
        throws
    {
        var evidence = RouteEvidence()
        for (status, flag) in [
            (200, "-"), (404, "-"), (429, "-"), (429, "-"), (500, "-"), (503, "UF"), (0, "UT"),
        ] {
            evidence.completed.add(.init(status: status, flag: flag), nanoseconds: 1)
        }
        var users = RouteEvidence.Users()
        (users.firsts, users.tried, users.failed) = (evidence.completed, 90, 9)
        evidence.users = users
        #expect(ArmCounts(evidence).errors == 3 && ArmCounts(evidence).users.failed == 9)
        let chosen = try ErrorStatuses(["429", "4xx"].map { try #require(ErrorStatuses.Entry($0)) })
        let counts = ArmCounts(evidence, errors: chosen)
        #expect(counts.errors == 5)
        #expect(counts.users.tried == 7 && counts.users.failed == 5)
        for text in ["", "200", "5XX", "600", "2xx", "5x", "-429"] {
            #expect(ErrorStatuses.Entry(text) == nil)
        }

        var rules = JudgeRules()
        rules.errorStatuses = ErrorStatuses([.status(429), .hundred(5)])
        var judge = Judge(rules)
        judge.add(growth(canary: arm(300, errors: 14), stable: arm(2700, errors: 17)))
        let sentence = judge.sentence(try #require(judge.alarm), canary: "v2")
        #expect(sentence.hasPrefix("14 canary errors (429, 5xx), 3.1 expected at 10 %; "), "\(sentence)")
    }

    @Test func `sticky traffic is told in users`() throws {
        var rules = JudgeRules()
        rules.unit = .users
        var judge = Judge(rules)
        var growth = growth(canary: arm(300, errors: 60), stable: arm(2700, errors: 20))
        (growth.canary.users.tried, growth.canary.users.failed) = (250, 14)
        (growth.stable.users.tried, growth.stable.users.failed) = (2690, 17)
        judge.add(growth)
        let sentence = judge.sentence(try #require(judge.alarm), canary: "v2")
        #expect(sentence.hasPrefix("14 canary users with errors, 3.1 expected at 10 %; E = "))
    }

    @Test func `verdicts say how much is missing`() throws {
        var judge = Judge(JudgeRules())
        #expect(judge.verdict(at: tenth) != .notEnough(requests: nil))
        var missing: [UInt64] = []
        for _ in 0..<2 {
            judge.add(growth(canary: arm(100, errors: 1), stable: arm(900, errors: 9)))
            if case .notEnough(let more?) = judge.metrics[0].verdict(at: tenth) { missing.append(more) }
        }
        try #require(missing.count == 2)
        #expect(missing[0] - missing[1] == 1000)
        #expect(judge.verdict(at: .none) == .notEnough(requests: nil))

        var traffic = Traffic(seed: 8, median: 20)
        traffic.requestsPerSecond = 1000
        for _ in 0..<20 { judge.add(traffic.growth(at: tenth)) }
        #expect(judge.verdict(at: tenth).isFine)
        judge.beginStep()
        #expect(!judge.verdict(at: tenth).isFine)
        #expect(judge.assessments(at: tenth).map(\.verdict).contains(.fine(.sampled)))
    }

    @Test func `rules that nobody checked do no harm`() {
        var counts = ArmPair(canary: arm(100, errors: 50), stable: arm(100, errors: 1))
        counts.canary.durations.add(100, nanoseconds: .max)
        counts.stable.durations.add(100, nanoseconds: 0)
        for value in [-1, 0, 1e-300, 1, 1e300, .infinity] {
            var rules = JudgeRules()
            (rules.alpha, rules.beta, rules.splitAlpha) = (value, value, value)
            (rules.errorTolerance, rules.slowdown) = (value, value)
            rules.latencyFloor = value > 1 ? .max : value < 0 ? .min : 0
            (rules.fineRatio, rules.plannedRatio) = (value, value)
            (rules.latencyLimit, rules.errorLimit, rules.errorFloor) = (.max, .all, Share.none)
            var plan = RolloutPlan.fixed { $0.rules = rules }
            plan.warmUp = .seconds(-5)
            var policy = JudgePolicy(plan)
            for _ in 0..<5 { policy.second(counts) }
            policy.handle(.command(.promoteFull, Order(id: "1", by: "ann")))
            for _ in 0..<5 { policy.second(counts) }
            #expect(!policy.machine.state.message.isEmpty)
            _ = policy.machine.state.judge.assessments(at: tenth)
            _ = DetectionPlan(shares: [tenth], errorRate: 0.01, rules: rules)
        }
    }

    @Test func `it is proved fine where there are events enough`() {
        var judge = Judge(JudgeRules())
        judge.add(growth(canary: arm(10_000, errors: 100), stable: arm(90_000, errors: 900)))
        #expect(judge.metrics[0].verdict(at: tenth) == .fine(.proved))
        judge.add(growth(canary: arm(1000, errors: 100), stable: arm(9000, errors: 90)))
        #expect(judge.verdict(at: tenth) == .worse)
    }
}
