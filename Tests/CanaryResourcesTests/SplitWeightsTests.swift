// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import Testing

@Suite struct SplitWeightsTests {
    @Test(
        arguments: [
            ([], []), ([nil], [1]), ([0], [1]), ([-7], [1]), ([90, 10], [0.9, 0.1]),
            ([1, nil, 3], [0.25, 0, 0.75]),
            ([0, 0], [0, 0]), ([nil, nil], [0, 0]), ([-5, 5], [0, 1]), ([.max, Int(Int32.max)], [0.5, 0.5]),
        ] as [([Int?], [Double])]
    )
    func `a share is weight by sum, and a lone destination takes all`(_ weights: [Int?], _ shares: [Double]) {
        #expect(SplitWeights(weights).shares == shares)
    }

    @Test func `no list overflows`() {
        let weights = SplitWeights(Array(repeating: .max, count: 1000))
        #expect(weights.sum == 1000 * Int(Int32.max))
        #expect(weights.shares.allSatisfy { $0 == 0.001 })
    }
}
