// SPDX-License-Identifier: Apache-2.0

/// A stretch of a buffer, by offset: it stays true when the buffer's bytes are copied elsewhere.
struct ByteRange: Equatable {
    var start: Int32
    var count: Int32

    static let empty = ByteRange(0, 0)

    init(_ start: Int, _ end: Int) {
        self.start = Int32(truncatingIfNeeded: start)
        count = Int32(truncatingIfNeeded: end &- start)
    }

    var lower: Int { Int(start) }
    var upper: Int { Int(start) &+ Int(count) }
    var isEmpty: Bool { count == 0 }
}

extension UnsafeRawBufferPointer {
    /// The bytes of a range. A range that reaches outside the buffer is a bug here, never the peer's doing.
    subscript(range: ByteRange) -> UnsafeRawBufferPointer {
        precondition(range.start >= 0 && range.count >= 0 && range.upper <= count)
        return UnsafeRawBufferPointer(rebasing: self[range.lower..<range.upper])
    }

    /// Whether the bytes are this text, ASCII letters in any case; `lowercase` is given in lower case.
    func equalsIgnoringCase(_ lowercase: StaticString) -> Bool {
        guard count == lowercase.utf8CodeUnitCount else { return false }
        for index in 0..<count where ASCII.lowercase(self[index]) != lowercase.utf8Start[index] {
            return false
        }
        return true
    }

    /// Whether both hold the same bytes, ASCII letters in any case.
    func equalsIgnoringCase(_ other: UnsafeRawBufferPointer) -> Bool {
        guard count == other.count else { return false }
        for index in 0..<count where ASCII.lowercase(self[index]) != ASCII.lowercase(other[index]) {
            return false
        }
        return true
    }
}
