// SPDX-License-Identifier: Apache-2.0

import CanaryJudge
import CanaryResources
import Testing

@Suite struct MetricNumbersTests {
    private func answer(
        _ canary: Double,
        _ stable: Double? = nil,
        min: Double? = nil,
        max: Double? = nil,
        times: NumberBounds? = nil
    ) -> GateAnswer {
        MetricNumbers(canary: canary, stable: stable)
            .answer(within: NumberBounds(min: min, max: max), comparison: times)
    }

    @Test func `bounds are good themselves`() {
        #expect(answer(0.05, min: 0.05, max: 0.05) == .passed)
        #expect(answer(0.051, max: 0.05) == .failed("0.051 is above 0.05"))
        #expect(answer(-1, min: 0.05) == .failed("-1 is below 0.05"))
    }

    @Test func `the stable version's number is a bound so many times`() {
        let most = NumberBounds(max: 1.5)
        #expect(answer(0.15, 0.1, times: most) == .passed)
        #expect(answer(0.2, 0.1, times: most) == .failed("0.2 is above 1.5 times the stable version's 0.1"))
        #expect(answer(0, 0, times: most) == .passed)
        #expect(answer(0.1, 0, times: most) == .failed("0.1 is above 1.5 times the stable version's 0"))
        #expect(
            answer(80, 100, times: NumberBounds(min: 0.9))
                == .failed("80 is below 0.9 times the stable version's 100")
        )
        #expect(answer(0.15, 0.1, max: 0.1, times: most) == .failed("0.15 is above 0.1"))
    }

    @Test func `what is no number, or cannot be compared, is neither good nor bad`() {
        for canary in [Double.nan, .infinity, -.infinity] {
            #expect(answer(canary, max: 1) == .silent("it is no number: \(canary)"))
        }
        for stable in [Double.nan, .infinity, -3, nil] {
            guard case .silent = answer(1, stable, times: NumberBounds(max: 2)) else {
                Issue.record("\(String(describing: stable))")
                continue
            }
        }
    }
}
