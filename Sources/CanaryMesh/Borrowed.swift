// SPDX-License-Identifier: Apache-2.0

/// A value in memory that somebody else keeps and does not change, such as a record of a routing table.
///
/// Plain memory, so that the request path copies it without reference counting. `@safe` since whoever keeps the memory, keeps it
/// as long as anybody may use what leads there; debug builds hold that by a ``Loan``.
@usableFromInline
@safe package struct Borrowed<Value: BitwiseCopyable>: BitwiseCopyable, Equatable {
    #if DEBUG
        // A number, not a pointer. Of two words, `map` clears the first for `nil`, but `?.` looks at both (Swift 6.3, without
        // optimisation); where neither has a value to spare, there is a flag.
        @usableFromInline let bits: UInt
        @usableFromInline var address: UnsafePointer<Value> {
            unsafe UnsafePointer(bitPattern: bits).unsafelyUnwrapped
        }
    #else
        @usableFromInline let address: UnsafePointer<Value>
    #endif
    @usableFromInline let loan: Loan

    @inlinable
    @unsafe package init(_ address: UnsafePointer<Value>, _ loan: Loan = .endless) {
        #if DEBUG
            bits = UInt(bitPattern: address)
        #else
            unsafe self.address = address
        #endif
        self.loan = loan
    }

    @inlinable package var pointee: Value {
        @inline(__always)
        unsafeAddress {
            loan.check()
            return unsafe address
        }
    }

    @inlinable
    package static func == (left: Borrowed, right: Borrowed) -> Bool { unsafe left.address == right.address }
}

/// Values side by side in memory that somebody else keeps: see ``Borrowed``. An index out of bounds traps in debug builds.
@usableFromInline
@safe package struct BorrowedList<Element: BitwiseCopyable>: BitwiseCopyable, RandomAccessCollection {
    @usableFromInline let memory: UnsafeBufferPointer<Element>
    @usableFromInline let loan: Loan

    @inlinable
    @unsafe package init(_ memory: UnsafeBufferPointer<Element>, _ loan: Loan = .endless) {
        unsafe self.memory = memory
        self.loan = loan
    }

    /// An empty one.
    @inlinable
    package init() { unsafe self.init(UnsafeBufferPointer(start: nil, count: 0)) }

    @inlinable package var startIndex: Int { 0 }
    @inlinable package var endIndex: Int { unsafe memory.count }
    @inlinable package var count: Int { unsafe memory.count }
    @inlinable package var isEmpty: Bool { unsafe memory.isEmpty }

    @inlinable
    package subscript(index: Int) -> Element {
        @inline(__always)
        unsafeAddress { unsafe address(index) }
    }

    /// Where an element is.
    @inlinable
    package func pointer(_ index: Int) -> Borrowed<Element> {
        unsafe Borrowed(address(index), loan)
    }

    @inlinable
    @inline(__always)
    @unsafe func address(_ index: Int) -> UnsafePointer<Element> {
        assert(unsafe index >= 0 && index < memory.count)
        loan.check()
        // There is memory where there is an element.
        return unsafe memory.baseAddress.unsafelyUnwrapped + index
    }
}

/// Whether what was borrowed is still there; for debug builds, where a few bytes of it stay for ever.
@usableFromInline
@safe package struct Loan: BitwiseCopyable, Sendable {
    #if DEBUG
        @usableFromInline let bits: UInt
        @usableFromInline var isOpen: UnsafeMutablePointer<Bool> {
            unsafe UnsafeMutablePointer(bitPattern: bits).unsafelyUnwrapped
        }
    #endif

    @inlinable
    package init() {
        #if DEBUG
            let isOpen = UnsafeMutablePointer<Bool>.allocate(capacity: 1)
            unsafe isOpen.initialize(to: true)
            bits = UInt(bitPattern: isOpen)
        #endif
    }

    /// The memory goes: what was borrowed may not be used any more.
    @inlinable
    package func end() {
        #if DEBUG
            unsafe isOpen.pointee = false
        #endif
    }

    @inlinable
    package func check() {
        #if DEBUG
            precondition(unsafe isOpen.pointee, "what was borrowed is gone")
        #endif
    }

    /// Of memory whose end is nobody's to tell.
    @inlinable package static var endless: Loan {
        #if DEBUG
            return always
        #else
            return Loan()
        #endif
    }

    #if DEBUG
        @usableFromInline static let always = Loan()
    #endif
}
