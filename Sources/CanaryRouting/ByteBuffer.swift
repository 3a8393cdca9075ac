// SPDX-License-Identifier: Apache-2.0

public import CanaryMesh
package import CanaryResources

/// Growing raw memory that a request's bytes are assembled in. Reused from request to request, it stops allocating
/// once it has grown to the size that requests need.
///
/// `@safe`: what is written is within `capacity`, and ``slice`` says how long it may be used.
@usableFromInline
@safe package struct ByteBuffer: ~Copyable {
    // Inlined into the proxy, which writes every head by them; set by nobody else.
    @usableFromInline package internal(set) var base: UnsafeMutablePointer<UInt8>
    @usableFromInline package internal(set) var count = 0
    @usableFromInline package internal(set) var capacity: Int

    @inlinable
    package init(capacity: Int = 256) {
        self.capacity = max(capacity, 16)
        unsafe base = .allocate(capacity: self.capacity)
    }

    deinit {
        unsafe base.deallocate()
    }

    /// The bytes so far; valid until the next change.
    @inlinable package var slice: ByteSlice { unsafe ByteSlice(base: UnsafePointer(base), count: count) }

    @inlinable package var isEmpty: Bool { count == 0 }

    /// A byte that was appended. An index out of bounds traps in debug builds.
    @inlinable
    package subscript(index: Int) -> UInt8 {
        get {
            assert(index >= 0 && index < count)
            return unsafe base[index]
        }
        set {
            assert(index >= 0 && index < count)
            unsafe base[index] = newValue
        }
    }

    /// Forgets the bytes from `length` on and keeps the memory.
    @inlinable
    package mutating func truncate(to length: Int = 0) {
        count = min(max(length, 0), count)
    }

    @inlinable
    package mutating func append(_ byte: UInt8) {
        reserve(1)
        unsafe base[count] = byte
        count += 1
    }

    /// Appends bytes that must not lie in this buffer.
    @inlinable
    package mutating func append(_ slice: ByteSlice) {
        guard let source = unsafe slice.base, slice.count > 0 else { return }
        unsafe assert(
            source + slice.count <= base || source >= base + capacity,
            "a buffer's bytes are added to it"
        )
        reserve(slice.count)
        unsafe (base + count).update(from: source, count: slice.count)
        count += slice.count
    }

    package mutating func append(zeros: Int) {
        reserve(zeros)
        unsafe (base + count).update(repeating: 0, count: zeros)
        count += zeros
    }

    @inlinable
    package mutating func append(_ text: StaticString) {
        unsafe append(ByteSlice(base: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Appends a number in decimal, padded with zeros to at least `width` digits.
    package mutating func append(decimal number: UInt64, width: Int = 1) {
        var rest = number
        var digits = 1
        while rest >= 10 {
            rest /= 10
            digits += 1
        }
        digits = max(digits, width)
        reserve(digits)
        rest = number
        for index in (0..<digits).reversed() {
            unsafe base[count + index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        count += digits
    }

    /// Makes room for further bytes.
    @inlinable
    package mutating func reserve(_ extra: Int) {
        if capacity - count < extra { grow(extra) }
    }

    @inline(never)
    @usableFromInline
    mutating func grow(_ extra: Int) {
        let grown = max(capacity * 2, count + extra)
        let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: grown)
        unsafe memory.update(from: base, count: count)
        unsafe base.deallocate()
        unsafe base = unsafe memory
        capacity = grown
    }
}

extension ByteBuffer {
    /// Appends milliseconds since 1970 as RFC 3339 has them: `2026-11-22T21:00:00.123Z`.
    package mutating func append(timestamp milliseconds: Int64) {
        let time = CalendarTime(milliseconds: milliseconds)
        append(decimal: UInt64(max(time.year, 0)), width: 4)
        append(UInt8(ascii: "-"))
        append(decimal: UInt64(time.month), width: 2)
        append(UInt8(ascii: "-"))
        append(decimal: UInt64(time.day), width: 2)
        append(UInt8(ascii: "T"))
        append(timeOf: time)
        append(UInt8(ascii: "."))
        append(decimal: UInt64(time.millisecond), width: 3)
        append(UInt8(ascii: "Z"))
    }

    /// Appends hours, minutes and seconds: `21:00:00`.
    package mutating func append(timeOf time: CalendarTime) {
        append(decimal: UInt64(time.hour), width: 2)
        append(UInt8(ascii: ":"))
        append(decimal: UInt64(time.minute), width: 2)
        append(UInt8(ascii: ":"))
        append(decimal: UInt64(time.second), width: 2)
    }
}
