// SPDX-License-Identifier: Apache-2.0

/// Borrowed bytes: a place in a buffer that somebody else keeps alive.
///
/// Plain memory, so that the request path copies it without reference counting. A slice without a base stands for
/// a missing value; one with a base and no bytes, for an empty value.
///
/// `@safe` since whoever makes one has the buffer kept as long as it may be used: the block of a request's exchange, the arena of a
/// routing table, or a literal; and every access here is within `0..<count`, which debug builds check.
///
/// `@usableFromInline`, like all types that the request path uses across modules: in a `package` type that is not, the
/// compiler takes `@inlinable` without a word and ignores it.
@usableFromInline
@safe package struct ByteSlice: BitwiseCopyable, RandomAccessCollection {
    @usableFromInline package var base: UnsafePointer<UInt8>?
    @usableFromInline package var count: Int

    @inlinable
    package init(base: UnsafePointer<UInt8>?, count: Int) {
        unsafe self.base = unsafe base
        self.count = count
    }

    /// A missing value.
    @inlinable
    package init() {
        unsafe self.init(base: nil, count: 0)
    }

    @inlinable
    package init(_ text: StaticString) {
        unsafe self.init(base: text.utf8Start, count: text.utf8CodeUnitCount)
    }

    @inlinable
    package init(_ buffer: UnsafeBufferPointer<UInt8>) {
        unsafe self.init(base: buffer.baseAddress, count: buffer.count)
    }

    @inlinable package var isMissing: Bool { unsafe base == nil }
    @inlinable package var isEmpty: Bool { count == 0 }
    @inlinable package var startIndex: Int { 0 }
    @inlinable package var endIndex: Int { count }
    @inlinable package var bytes: UnsafeBufferPointer<UInt8> { unsafe .init(start: base, count: count) }

    /// The byte at an index, which must be within `0..<count`.
    @inlinable
    package subscript(index: Int) -> UInt8 {
        unsafe bytes[index]
    }

    /// The bytes from `lower` up to, not including, `upper`; both are clamped to the slice.
    @inlinable
    package func slice(_ lower: Int, _ upper: Int) -> ByteSlice {
        let end = Swift.min(Swift.max(upper, 0), count)
        let start = Swift.min(Swift.max(lower, 0), end)
        return unsafe ByteSlice(base: base.map { unsafe $0 + start }, count: end - start)
    }

    @inlinable
    package func from(_ lower: Int) -> ByteSlice { slice(lower, count) }

    @inlinable
    package static func lowercased(_ byte: UInt8) -> UInt8 {
        byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte
    }

    @inlinable
    package func equals(_ other: ByteSlice) -> Bool {
        count == other.count && startsIdentically(other, length: count)
    }

    /// Whether both are the same but for the case of ASCII letters.
    @inlinable
    package func equalsIgnoringCase(_ other: ByteSlice) -> Bool {
        count == other.count && startsAlike(other, length: count)
    }

    @inlinable
    package func hasPrefix(_ prefix: ByteSlice) -> Bool {
        count >= prefix.count && startsIdentically(prefix, length: prefix.count)
    }

    @inlinable
    package func hasPrefixIgnoringCase(_ prefix: ByteSlice) -> Bool {
        count >= prefix.count && startsAlike(prefix, length: prefix.count)
    }

    /// The index of the first byte of this value at or after `start`.
    @inlinable
    package func firstIndex(of byte: UInt8, from start: Int = 0) -> Int? {
        var index = start
        while index < count {
            if self[index] == byte { return index }
            index += 1
        }
        return nil
    }

    /// The non-negative decimal number that the bytes spell; `nil` for anything else, and above 2,147,483,647.
    package var decimal: Int32? {
        guard count > 0, count <= 10 else { return nil }
        var value: Int64 = 0
        for byte in self {
            let digit = byte &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            value = value * 10 + Int64(digit)
        }
        return Int32(exactly: value)
    }

    /// The bytes as text, with U+FFFD for what is not UTF-8. Allocates.
    package var text: String { unsafe String(decoding: bytes, as: UTF8.self) }

    @inlinable
    func startsIdentically(_ other: ByteSlice, length: Int) -> Bool {
        guard length > 0, let left = unsafe base, let right = unsafe other.base else { return length == 0 }
        var index = 0
        while index + 8 <= length {
            let mine = unsafe UnsafeRawPointer(left + index).loadUnaligned(as: UInt64.self)
            if unsafe mine != UnsafeRawPointer(right + index).loadUnaligned(as: UInt64.self) { return false }
            index += 8
        }
        while index < length {
            if unsafe left[index] != right[index] { return false }
            index += 1
        }
        return true
    }

    @inlinable
    func startsAlike(_ other: ByteSlice, length: Int) -> Bool {
        guard length > 0, let left = unsafe base, let right = unsafe other.base else { return length == 0 }
        guard length >= 8 else {
            for index in 0..<length where unsafe Self.lowercased(left[index]) != Self.lowercased(right[index])
            {
                return false
            }
            return true
        }
        var index = 0
        while unsafe ByteWord(left + index).lowercased == ByteWord(right + index).lowercased {
            if index == length - 8 { return true }
            // The last word may overlap the one before.
            index = Swift.min(index + 8, length - 8)
        }
        return false
    }
}

extension String {
    /// Lends the bytes to `body`, which must not let go of them.
    @inlinable
    package func withSlice<Result>(_ body: (ByteSlice) -> Result) -> Result {
        var text = self
        return text.withUTF8 { unsafe body(ByteSlice($0)) }
    }
}

extension Array<UInt8> {
    /// Lends the bytes to `body`, which must not let go of them.
    @inlinable
    package func withSlice<Result, Failure: Error>(
        _ body: (ByteSlice) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try self[...].withSlice(body)
    }
}

extension ArraySlice<UInt8> {
    /// Lends the bytes to `body`, which must not let go of them.
    @inlinable
    package func withSlice<Result, Failure: Error>(
        _ body: (ByteSlice) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try unsafe withUnsafeBufferPointer { (bytes) throws(Failure) in try unsafe body(ByteSlice(bytes)) }
    }
}

/// A header of a request as it was received; the value is trimmed of spaces and tabs.
@usableFromInline
package struct RequestHeader: BitwiseCopyable {
    @usableFromInline package var name: ByteSlice
    @usableFromInline package var value: ByteSlice

    @inlinable
    package init(name: ByteSlice, value: ByteSlice) {
        self.name = name
        self.value = value
    }
}
