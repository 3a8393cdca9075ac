// SPDX-License-Identifier: Apache-2.0

/// Eight bytes that are looked at together. Sets of bytes are answered as words in which the top bit of each byte tells whether
/// it belongs to the set, and all other bits are clear: the lowest bit is that of the first byte in memory.
@usableFromInline
package struct ByteWord: BitwiseCopyable {
    @usableFromInline let bits: UInt64

    /// Reads eight bytes, which must be there.
    @inlinable @inline(__always)
    package init(_ bytes: UnsafeRawPointer) {
        bits = unsafe UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
    }

    /// The bytes with ASCII letters in lower case; all others stay as they are.
    @inlinable @inline(__always)
    package var lowercased: UInt64 {
        bits | (Self.range(bits & Self.low, "A", "Z") & ~bits & Self.tops) &>> 2
    }

    /// Those that are no ASCII letter, digit or hyphen: what few names of header fields hold.
    @inlinable @inline(__always)
    package var uncommonInNames: UInt64 {
        let ascii = bits & Self.low
        let letters = Self.range(ascii | Self.each("\u{20}"), "a", "z")
        let digits = Self.range(ascii, "0", "9")
        let hyphens = Self.tops &- (ascii ^ Self.each("-"))
        return ~((letters | digits | hyphens) & ~bits) & Self.tops
    }

    /// Those that are control characters, tabs among them: below 0x20, or 0x7F.
    @inlinable @inline(__always)
    package var controls: UInt64 {
        let ascii = bits & Self.low
        let others = ascii &+ (Self.tops &- Self.each(" "))
        let deletes = Self.tops &- (ascii ^ Self.low)
        return (~others | deletes) & ~bits & Self.tops
    }

    /// The place of the first byte of a set that is not empty.
    @inlinable @inline(__always)
    package static func first(of set: UInt64) -> Int { set.trailingZeroBitCount &>> 3 }

    // Sums and differences of bytes below 0x80 never reach into the next byte.
    @inlinable static var low: UInt64 { 0x7F7F_7F7F_7F7F_7F7F }
    @inlinable static var tops: UInt64 { 0x8080_8080_8080_8080 }

    @inlinable @inline(__always)
    static func each(_ character: Unicode.Scalar) -> UInt64 {
        UInt64(UInt8(ascii: character)) &* 0x0101_0101_0101_0101
    }

    /// The bytes of a range, by their top bits: they reach its lower bound, and do not pass the upper one.
    @inlinable @inline(__always)
    static func range(_ ascii: UInt64, _ first: Unicode.Scalar, _ last: Unicode.Scalar) -> UInt64 {
        (ascii &+ (tops &- each(first))) ^ (ascii &+ (low &- each(last)))
    }
}
