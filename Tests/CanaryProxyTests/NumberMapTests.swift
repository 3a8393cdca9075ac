// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Testing

@testable import CanaryProxy

struct NumberMapTests {
    @Test func `it says what a dictionary says, and takes no more space than what is in use`() {
        var random = SeededGenerator(seed: 1)
        var map = NumberMap<UInt64, UInt64>(0)
        var model: [UInt64: UInt64] = [:]
        for step in 0..<200_000 as Range<UInt64> {
            let number = step / 4 + UInt64.random(in: 0..<40, using: &random)
            map[number].pointee &+= step
            model[number, default: 0] &+= step
            guard step % 500 == 0 else { continue }
            let oldest = step / 4
            map.keep { number, _ in number >= oldest }
            model = model.filter { $0.key >= oldest }
            #expect(map.count == model.count)
        }
        for (number, value) in model { #expect(map[number].pointee == value) }
        #expect(Set(map.numbers) == Set(model.keys))
        #expect(map.count < 1000)
    }
}
