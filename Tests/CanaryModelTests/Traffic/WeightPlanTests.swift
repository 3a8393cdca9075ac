// SPDX-License-Identifier: Apache-2.0

import CanaryModel
import Testing

@Suite struct WeightPlanTests {
    private func share(_ text: String) throws -> Share {
        try #require(Share(percentage: text))
    }

    @Test(arguments: [
        ("0", 0), ("10", 100_000), ("10%", 100_000), ("0.5", 5000), ("33.3333", 333_333), ("100", 1_000_000),
        ("100.0", 1_000_000), ("007", 70_000),
    ]) func `a percentage is read exactly`(_ text: String, _ millionths: UInt32) {
        #expect(Share(percentage: text)?.millionths == millionths)
    }

    @Test(arguments: [
        "", "%", "-1", "+1", "101", "100.0001", "1.23456", "1.", ".5", "1e1", "ten", "1 0", "１", "1000",
    ])
    func `anything else is no percentage`(_ text: String) {
        #expect(Share(percentage: text) == nil)
    }

    @Test func `the others keep their proportions`() throws {
        #expect(WeightPlan.weights(giving: try share("10"), to: 2, of: [60, 30, 10]) == [60, 30, 10])
        #expect(WeightPlan.weights(giving: try share("40"), to: 2, of: [60, 30, 10]) == [40, 20, 40])
        #expect(WeightPlan.weights(giving: try share("25"), to: 1, of: [90, 10]) == [75, 25])
    }

    @Test func `others that are all zero share the rest equally`() throws {
        #expect(WeightPlan.weights(giving: try share("0"), to: 0, of: [100, 0, 0]) == [0, 50, 50])
        #expect(WeightPlan.weights(giving: try share("20"), to: 1, of: [0, 100]) == [80, 20])
    }

    @Test func `the sum is the first power of ten that makes every share whole`() throws {
        #expect(WeightPlan.weights(giving: try share("0.1"), to: 1, of: [90, 10]) == [999, 1])
        #expect(WeightPlan.weights(giving: try share("0.0001"), to: 1, of: [1, 1]) == [999_999, 1])
        #expect(
            WeightPlan.weights(giving: try share("50"), to: 0, of: [10, 1, 1, 1, 1]) == [
                500, 125, 125, 125, 125,
            ]
        )
    }

    @Test func `without one the largest remainders get what is missing`() throws {
        #expect(
            WeightPlan.weights(giving: try share("0"), to: 3, of: [1, 1, 1, 0]) == [
                333_334, 333_333, 333_333, 0,
            ]
        )
    }

    @Test func `a lone destination takes everything`() {
        #expect(WeightPlan.weights(giving: .whole, to: 0, of: [7]) == [100])
    }

    @Test func `weights near the largest integer do not overflow`() throws {
        let huge = Int(Int32.max)
        #expect(WeightPlan.weights(giving: try share("10"), to: 2, of: [huge, huge, 1]) == [45, 45, 10])
    }

    @Test func `sums, order and the target's share hold for any weights`() {
        var generator = SplitMix(state: 7)
        for _ in 0..<2000 {
            let weights = (0..<Int.random(in: 2...6, using: &generator)).map { _ in
                Int.random(in: 0...1000, using: &generator)
            }
            let target = weights.indices.randomElement(using: &generator) ?? 0
            let millionths = Int.random(in: 0...1_000_000, using: &generator)
            guard let share = Share(percentage: "\(millionths / 10_000).\(padded(millionths % 10_000))")
            else {
                Issue.record("no share for \(millionths)")
                return
            }
            let result = WeightPlan.weights(giving: share, to: target, of: weights)
            let sum = result.reduce(0, +)
            #expect([100, 1000, 10_000, 100_000, 1_000_000].contains(sum))
            #expect(result[target] * 1_000_000 == millionths * sum)
            #expect(result.allSatisfy { $0 >= 0 })
            let others = weights.indices.filter { $0 != target }
            let stillOrdered = zip(others, others.dropFirst()).allSatisfy { left, right in
                weights[left] >= weights[right]
                    ? result[left] >= result[right] - 1 : result[left] <= result[right] + 1
            }
            #expect(stillOrdered)
        }
    }

    private func padded(_ decimals: Int) -> String {
        String(repeating: "0", count: 4 - String(decimals).count) + String(decimals)
    }
}

/// A small generator with a fixed seed (SplitMix64).
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}
