// SPDX-License-Identifier: Apache-2.0

/// SipHash-2-4 (Aumasson and Bernstein, 2012): a keyed hash whose values are the same on every machine and in every
/// version, unlike the standard library's `Hasher`.
///
/// Plain memory: a copy of a half-fed hash can be kept and continued with different endings.
package struct SipHash24: BitwiseCopyable {
    private var v0: UInt64
    private var v1: UInt64
    private var v2: UInt64
    private var v3: UInt64
    private var tail: UInt64 = 0
    private var length: UInt64 = 0

    /// A key's 16 bytes as two little-endian words.
    package struct Key: BitwiseCopyable, Equatable {
        package var k0: UInt64
        package var k1: UInt64

        package init(k0: UInt64, k1: UInt64) {
            self.k0 = k0
            self.k1 = k1
        }

        /// The key that a salt stands for: its SipHash-2-4 under the key (0, 0), and under the key (1, 0).
        package init(salt: String) {
            var first = SipHash24(key: Key(k0: 0, k1: 0))
            var second = SipHash24(key: Key(k0: 1, k1: 0))
            for byte in salt.utf8 {
                first.update(byte)
                second.update(byte)
            }
            self.init(k0: first.finish(), k1: second.finish())
        }
    }

    package init(key: Key) {
        v0 = key.k0 ^ 0x736f_6d65_7073_6575
        v1 = key.k1 ^ 0x646f_7261_6e64_6f6d
        v2 = key.k0 ^ 0x6c79_6765_6e65_7261
        v3 = key.k1 ^ 0x7465_6462_7974_6573
    }

    package mutating func update(_ byte: UInt8) {
        tail |= UInt64(byte) << (8 * (length & 7))
        length &+= 1
        if length & 7 == 0 {
            absorb(tail)
            tail = 0
        }
    }

    package mutating func update(_ slice: ByteSlice) {
        for byte in slice { update(byte) }
    }

    package mutating func update(_ text: String) {
        for byte in text.utf8 { update(byte) }
    }

    /// The hash of everything so far.
    package consuming func finish() -> UInt64 {
        absorb(tail | (length << 56))
        v2 ^= 0xff
        for _ in 0..<4 { round() }
        return v0 ^ v1 ^ v2 ^ v3
    }

    private mutating func absorb(_ word: UInt64) {
        v3 ^= word
        round()
        round()
        v0 ^= word
    }

    private mutating func round() {
        v0 &+= v1
        v2 &+= v3
        v1 = Self.rotate(v1, 13) ^ v0
        v3 = Self.rotate(v3, 16) ^ v2
        v0 = Self.rotate(v0, 32)
        v2 &+= v1
        v0 &+= v3
        v1 = Self.rotate(v1, 17) ^ v2
        v3 = Self.rotate(v3, 21) ^ v0
        v2 = Self.rotate(v2, 32)
    }

    private static func rotate(_ word: UInt64, _ count: UInt64) -> UInt64 {
        (word &<< count) | (word &>> (64 &- count))
    }
}
