// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Testing

@testable import CanaryInsight
@testable import CanaryResources

struct WeightArithmeticTests {
    @Test(arguments: [
        ("10", 100_000), ("10%", 100_000), ("0", 0), ("100", 1_000_000), ("100.0000%", 1_000_000),
        ("0.0001", 1), ("12.5", 125_000), ("007", 70_000),
    ])
    func `percentages are read exactly`(text: String, millionths: Int) {
        #expect(Percentage(text)?.millionths == millionths)
    }

    @Test(arguments: [
        "", "%", "-1", "+1", "101", "100.0001", "1.", ".5", "1.00001", "1e1", "1 ", "١", "1.1.1",
        "9999999999999999999",
    ])
    func `anything else is no percentage`(text: String) {
        #expect(Percentage(text) == nil)
    }

    @Test func `percentages print without needless digits`() {
        #expect(
            ["10%", "12.50", "0.0001", "100"].map { Percentage($0)?.description } == [
                "10", "12.5", "0.0001", "100",
            ]
        )
    }

    @Test(arguments: [
        ([90, 10], "25", [75, 25]),
        ([1, 1], "0.1", [999, 1]),
        ([50, 0], "0.0001", [999_999, 1]),
        ([0, 7], "30", [70, 30]),
        ([100, 0], "100", [0, 100]),
    ])
    func `one version gets its share and the other the rest`(current: [Int], share: String, wanted: [Int])
        throws
    {
        #expect(try shift(current, 1, share) == wanted)
    }

    @Test func `the others keep their proportions`() throws {
        #expect(try shift([60, 30, 10], 2, "40") == [40, 20, 40])
        #expect(try shift([0, 0, 10], 2, "50") == [25, 25, 50])
        #expect(try shift([0, 0, 0, 10], 3, "50") == [166_667, 166_667, 166_666, 500_000])
        #expect(try shift([1, 2, 0], 2, "0") == [333_333, 666_667, 0])
        #expect(try shift([1, 2, 0], 2, "25") == [25, 50, 25])
    }

    @Test func `huge weights do not overflow`() throws {
        let weights = try shift([.max, .max, 1], 2, "33.3333")
        #expect(weights.reduce(0, +) == 1_000_000)
        #expect(weights[2] == 333_333)
    }

    @Test func `sums, order, proportions and repetition hold for any weights`() throws {
        var random = SeededGenerator(seed: 1)
        for _ in 0..<2000 {
            let count = Int.random(in: 2...6, using: &random)
            let current = (0..<count).map { _ in
                Int.random(in: 0...4, using: &random) * Int.random(in: 0...999, using: &random)
            }
            let target = Int.random(in: 0..<count, using: &random)
            let share = Percentage(millionths: Int.random(in: 0...1_000_000, using: &random))
            let others = (0..<count).filter { $0 != target }
            let rest = Percentage(millionths: 1_000_000 - share.millionths)
            let groups = [WeightArithmetic.Group([target], share), .init(others, rest)]
            let weights = WeightArithmetic.weights(current: current, groups: groups)
            let sum = weights.reduce(0, +)
            #expect([100, 1000, 10_000, 100_000, 1_000_000].contains(sum))
            #expect(weights[target] * 1_000_000 == share.millionths * sum)
            #expect(
                WeightArithmetic.isSameSplit(
                    weights,
                    WeightArithmetic.weights(current: weights, groups: groups)
                )
            )
            let before = others.reduce(0) { $0 + current[$1] }
            for index in others where before > 0 {
                let exact = Double(rest.millionths) / 1e6 * Double(current[index]) / Double(before)
                #expect(abs(Double(weights[index]) / Double(sum) - exact) <= 1e-6)
                for other in others where current[index] < current[other] {
                    #expect(weights[index] <= weights[other])
                }
            }
        }
    }

    @Test func `splits are compared by shares`() {
        #expect(WeightArithmetic.isSameSplit([1, 9], [10, 90]))
        #expect(WeightArithmetic.isSameSplit([5], [100]))
        #expect(!WeightArithmetic.isSameSplit([1, 9], [11, 89]))
        #expect(!WeightArithmetic.isSameSplit([0, 0], [1, 1]))
        #expect(!WeightArithmetic.isSameSplit([1, 1], [1, 1, 0]))
    }

    private func shift(_ current: [Int], _ target: Int, _ text: String) throws -> [Int] {
        let share = try #require(Percentage(text))
        let others = current.indices.filter { $0 != target }
        return WeightArithmetic.weights(
            current: current,
            groups: [
                .init([target], share), .init(others, Percentage(millionths: 1_000_000 - share.millionths)),
            ]
        )
    }
}
