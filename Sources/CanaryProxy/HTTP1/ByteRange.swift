// SPDX-License-Identifier: Apache-2.0

import CanaryMesh

/// A stretch of a buffer, by offset: it stays true when the buffer's bytes are copied elsewhere.
struct ByteRange: Equatable {
    var start: Int32
    var count: Int32

    static let empty = ByteRange(0, 0)

    init(_ start: Int, _ end: Int) {
        self.start = Int32(truncatingIfNeeded: start)
        count = Int32(truncatingIfNeeded: end &- start)
    }

    @inline(__always) var lower: Int { Int(start) }
    @inline(__always) var upper: Int { Int(start) &+ Int(count) }
    var isEmpty: Bool { count == 0 }
}

extension UnsafeRawBufferPointer {
    /// The bytes of a range. A range that reaches outside the buffer is a bug here, never the peer's doing.
    @inline(__always)
    subscript(range: ByteRange) -> UnsafeRawBufferPointer {
        precondition(range.start >= 0 && range.count >= 0 && range.upper <= count)
        return UnsafeRawBufferPointer(start: baseAddress.map { $0 + range.lower }, count: Int(range.count))
    }

    /// Whether the bytes are this text, ASCII letters in any case.
    @inline(__always)
    func equalsIgnoringCase(_ text: StaticString) -> Bool {
        count == text.utf8CodeUnitCount && ByteSlice(self).equalsIgnoringCase(ByteSlice(text))
    }

    /// Whether both hold the same bytes, ASCII letters in any case.
    func equalsIgnoringCase(_ other: UnsafeRawBufferPointer) -> Bool {
        ByteSlice(self).equalsIgnoringCase(ByteSlice(other))
    }
}

extension ByteSlice {
    @inline(__always)
    init(_ bytes: UnsafeRawBufferPointer) {
        self.init(base: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), count: bytes.count)
    }

    @inline(__always)
    var raw: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }
}
