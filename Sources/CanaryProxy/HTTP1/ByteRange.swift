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

extension ByteSlice {
    /// Of bytes that stay where they are as long as the slice is used.
    @inline(__always)
    @unsafe init(start: UnsafeRawPointer?, count: Int) {
        unsafe self.init(base: start?.assumingMemoryBound(to: UInt8.self), count: count)
    }

    /// The bytes of a range. A range that reaches outside the slice is a bug here, never the peer's doing.
    @inline(__always)
    subscript(range: ByteRange) -> ByteSlice {
        precondition(range.start >= 0 && range.count >= 0 && range.upper <= count)
        return unsafe ByteSlice(base: base.map { unsafe $0 + range.lower }, count: Int(range.count))
    }

    /// Whether the bytes are this text, ASCII letters in any case.
    @inline(__always)
    func equalsIgnoringCase(_ text: StaticString) -> Bool {
        count == text.utf8CodeUnitCount && equalsIgnoringCase(ByteSlice(text))
    }
}
