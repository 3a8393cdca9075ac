// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CanaryTestSupport
import Testing

@Suite struct UUIDTests {
    @Test func `version and variant are those of RFC 9562, whatever the random bits`() {
        #expect(UUID(random: 0, 0).description == "00000000-0000-4000-8000-000000000000")
        #expect(UUID(random: .max, .max).description == "ffffffff-ffff-4fff-bfff-ffffffffffff")
        #expect(
            UUID(random: 0x0123_4567_89AB_CDEF, 0xFEDC_BA98_7654_3210).description
                == "01234567-89ab-4def-bedc-ba9876543210"
        )
    }

    @Test func `all other bits are kept`() {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<200 {
            let (high, low) = (generator.next(), generator.next())
            let digits = UUID(random: high, low).description.replacing("-", with: "")
            #expect(digits.utf8.count == 32)
            #expect(UInt64(digits.prefix(16), radix: 16) == high & ~0xF000 | 0x4000)
            #expect(UInt64(digits.suffix(16), radix: 16) == low & ~(3 << 62) | 1 << 63)
        }
        #expect(UUID.random() != UUID.random())
    }
}
