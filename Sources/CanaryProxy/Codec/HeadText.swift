// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting

extension ByteBuffer {
    /// Copies the lines of `fields` that were not dropped, as they came, in as few runs as possible. `end` is where the last
    /// line ends.
    mutating func appendFields(_ fields: borrowing FieldTable, of bytes: ByteSlice, end: Int) {
        var index = 0
        while index < fields.count {
            guard !fields[index].isDropped else {
                index &+= 1
                continue
            }
            let start = fields[index].name.lower
            while index < fields.count, !fields[index].isDropped { index &+= 1 }
            let stop = index < fields.count ? fields[index].name.lower : end
            append(bytes[ByteRange(start, stop)])
        }
    }

    /// Percent-encodes what may not stand in a request's target, among the bytes from `start` on.
    mutating func escapeTarget(from start: Int) {
        let end = count
        var escaped = 0
        for index in start..<end where !ASCII.isTarget(self[index]) { escaped &+= 1 }
        // Each byte moves to its place from the last one on, so that none is written over before it was read.
        append(zeros: 2 &* escaped)
        let digits = ByteSlice("0123456789abcdef")
        var target = count
        for index in (start..<end).reversed() {
            let byte = self[index]
            if ASCII.isTarget(byte) {
                target &-= 1
                self[target] = byte
            } else {
                target &-= 3
                self[target] = UInt8(ascii: "%")
                self[target &+ 1] = digits[Int(byte &>> 4)]
                self[target &+ 2] = digits[Int(byte & 15)]
            }
        }
    }

    mutating func append(hexadecimal number: UInt64) {
        append(hexDigits: number, count: max(1, (67 - number.leadingZeroBitCount) / 4))
    }

    /// Appends the lowest digits of a number, at most 16.
    mutating func append(hexDigits number: UInt64, count digits: Int) {
        let bytes = Self.hexText(UInt32(truncatingIfNeeded: number >> 32), UInt32(truncatingIfNeeded: number))
        unsafe withUnsafeBytes(of: bytes) { text in
            unsafe append(ByteSlice(start: text.baseAddress, count: 16).from(16 - digits))
        }
    }

    /// The digits of two halves, eight bytes each: a nibble to a byte, and then all bytes to letters at once.
    private static func hexText(_ high: UInt32, _ low: UInt32) -> (UInt64, UInt64) {
        (hexText(high), hexText(low))
    }

    private static func hexText(_ number: UInt32) -> UInt64 {
        var spread = UInt64(number.byteSwapped)
        spread = (spread | spread << 16) & 0x0000_FFFF_0000_FFFF
        spread = (spread | spread << 8) & 0x00FF_00FF_00FF_00FF
        spread = ((spread & 0x000F_000F_000F_000F) << 8) | ((spread >> 4) & 0x000F_000F_000F_000F)
        // Six more than nine carries into the next bit: those bytes are letters.
        let letters = ((spread &+ 0x0606_0606_0606_0606) >> 4) & 0x0101_0101_0101_0101
        return (spread &+ 0x3030_3030_3030_3030 &+ letters &* 39).littleEndian
    }
}
