// SPDX-License-Identifier: Apache-2.0

/// A random UUID: version 4 of RFC 9562.
package struct UUID: Hashable, Sendable {
    private let high: UInt64
    private let low: UInt64

    /// Out of 128 random bits, of which six make room for version and variant.
    package init(random high: UInt64, _ low: UInt64) {
        self.high = high & 0xFFFF_FFFF_FFFF_0FFF | 0x4000
        self.low = low & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
    }

    /// One out of the system's random numbers.
    package static func random() -> UUID {
        var generator = SystemRandomNumberGenerator()
        return UUID(random: generator.next(), generator.next())
    }

    /// Hands out the 36 bytes of its text, valid during the call.
    package func withText<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 36) { text in
            var count = 0
            func put(_ byte: UInt8) {
                unsafe text.initializeElement(at: count, to: byte)
                count += 1
            }
            func put(_ word: UInt64, digits: Range<Int>) {
                for digit in digits {
                    let value = UInt8(truncatingIfNeeded: word >> UInt64(60 - 4 * digit)) & 0xF
                    put(value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10)
                }
            }
            put(high, digits: 0..<8)
            put(UInt8(ascii: "-"))
            put(high, digits: 8..<12)
            put(UInt8(ascii: "-"))
            put(high, digits: 12..<16)
            put(UInt8(ascii: "-"))
            put(low, digits: 0..<4)
            put(UInt8(ascii: "-"))
            put(low, digits: 4..<16)
            return unsafe body(UnsafeBufferPointer(text))
        }
    }
}

extension UUID: CustomStringConvertible {
    /// `f47ac10b-58cc-4372-a567-0e02b2c3d479`.
    package var description: String { unsafe withText { unsafe String(decoding: $0, as: UTF8.self) } }
}
