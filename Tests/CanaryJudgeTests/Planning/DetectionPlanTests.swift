// SPDX-License-Identifier: Apache-2.0

import CanaryJudge
import CanaryTestSupport
import Testing

@Suite struct DetectionPlanTests {
    private let ramp = [1, 5, 25, 50, 100].map { Share(percent: $0) }

    @Test func `a plan of one share is what the exact time says`() throws {
        let plan = DetectionPlan(
            shares: [Share(percent: 10)],
            errorRate: 0.005,
            ratios: [5, 10],
            minimum: 1e9
        )
        for found in plan.cases {
            let time = DetectionTime(
                share: Share(percent: 10),
                ratio: found.ratio,
                alpha: JudgeRules().alpha(of: .errors)
            )
            let requests = Double(try #require(time.median)) / (0.005 * (0.9 + 0.1 * found.ratio))
            #expect(abs(try #require(found.medianRequests) / requests - 1) < 1e-9)
            #expect(try #require(found.ninetiethRequests) > requests)
            #expect(found.step == 0)
            #expect(abs(found.affectedRequests - requests * 0.1 * 0.005 * found.ratio) < 1e-6)
        }
    }

    @Test func `the worse a canary is, the sooner it is caught`() throws {
        let plan = DetectionPlan(shares: ramp, errorRate: 0.005)
        #expect(plan.cases.map(\.ratio) == [2, 5, 10])
        #expect(plan.steps.map(\.share) == Array(ramp.dropLast()))
        let times = plan.cases.compactMap(\.medianRequests)
        #expect(times.count >= 2)
        #expect(times == times.sorted(by: >))
        // Each step is planned for a canary that is five times as bad.
        #expect(plan.cases[1].step == 0)
        #expect(plan.healthyRequests > 50_000 && plan.healthyRequests < 180_000)
    }

    @Test func `rates that cannot be do no harm`() {
        for rate in [-1, 0, 1e-300, 0.5, 1, 7, .infinity] {
            let plan = DetectionPlan(shares: ramp + [.none], errorRate: rate)
            #expect(plan.healthyRequests.isFinite && plan.healthyRequests > 0)
            for found in plan.cases { #expect(found.affectedRequests.isFinite) }
        }
        #expect(DetectionPlan(shares: [], errorRate: 0.01).cases.allSatisfy { $0.medianRequests == nil })
    }
}
