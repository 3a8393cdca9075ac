// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Testing

@testable import CanaryCLI

@Suite struct LineDifferenceTests {
    /// What stays of both texts is the same.
    private static func isRight(_ old: [String], _ new: [String]) -> Bool {
        let difference = LineDifference(from: old, to: new)
        let kept = zip(old, difference.removed).filter { !$0.1 }.map(\.0)
        return kept == zip(new, difference.added).filter { !$0.1 }.map(\.0)
    }

    @Test func `random texts differ by the fewest lines`() {
        var random = SeededGenerator(seed: 30)
        for _ in 0..<300 {
            let old = (0..<Int.random(in: 0...12, using: &random)).map { _ in
                String(Int.random(in: 0...4, using: &random))
            }
            let new = (0..<Int.random(in: 0...12, using: &random)).map { _ in
                String(Int.random(in: 0...4, using: &random))
            }
            let difference = LineDifference(from: old, to: new)
            #expect(Self.isRight(old, new), "\(old) \(new)")
            let count = (difference.removed + difference.added).count { $0 }
            #expect(count == new.difference(from: old).count, "\(old) \(new)")
        }
    }

    @Test func `texts that differ a lot are held together by the lines that occur once`() {
        let old = (0..<3000).map { $0 % 3 == 0 ? "same \($0)" : "old" }
        let new = (0..<3000).map { $0 % 3 == 0 ? "same \($0)" : "new" }
        let difference = LineDifference(from: old, to: new)
        #expect(Self.isRight(old, new))
        #expect(difference.removed.count { $0 } == 2000)
        #expect(difference.added.count { $0 } == 2000)
    }

    @Test func `texts without anything in common are replaced`() {
        let old = Array(repeating: "x", count: 5000)
        let new = (0..<5000).map(String.init)
        let difference = LineDifference(from: old, to: new)
        #expect(difference.removed.allSatisfy(\.self) && difference.added.allSatisfy(\.self))
    }
}
