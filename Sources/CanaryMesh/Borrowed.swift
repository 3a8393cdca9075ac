// SPDX-License-Identifier: Apache-2.0

/// A value in memory that somebody else keeps and does not change, such as a record of a routing table.
///
/// Plain memory, so that the request path copies it without reference counting. `@safe` since whoever keeps the memory, keeps it
/// as long as anybody may use what leads there; debug builds hold that by a ``Loan``.
@safe package struct Borrowed<Value: BitwiseCopyable>: BitwiseCopyable, Equatable {
    @usableFromInline let address: UnsafePointer<Value>
    #if DEBUG
        @usableFromInline let loan: Loan?
    #endif

    @inlinable
    @unsafe package init(_ address: UnsafePointer<Value>, _ loan: Loan? = nil) {
        unsafe self.address = address
        #if DEBUG
            self.loan = loan
        #endif
    }

    @inlinable package var pointee: Value {
        @inline(__always)
        unsafeAddress {
            #if DEBUG
                loan?.check()
            #endif
            return unsafe address
        }
    }

    @inlinable
    package static func == (left: Borrowed, right: Borrowed) -> Bool { unsafe left.address == right.address }
}

/// Values side by side in memory that somebody else keeps: see ``Borrowed``. An index out of bounds traps in debug builds.
@safe package struct BorrowedList<Element: BitwiseCopyable>: BitwiseCopyable, RandomAccessCollection {
    @usableFromInline let memory: UnsafeBufferPointer<Element>
    #if DEBUG
        @usableFromInline let loan: Loan?
    #endif

    @inlinable
    @unsafe package init(_ memory: UnsafeBufferPointer<Element>, _ loan: Loan? = nil) {
        unsafe self.memory = memory
        #if DEBUG
            self.loan = loan
        #endif
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
        #if DEBUG
            return unsafe Borrowed(address(index), loan)
        #else
            return unsafe Borrowed(address(index))
        #endif
    }

    @inlinable
    @inline(__always)
    @unsafe func address(_ index: Int) -> UnsafePointer<Element> {
        assert(unsafe index >= 0 && index < memory.count)
        #if DEBUG
            loan?.check()
        #endif
        // There is memory where there is an element.
        return unsafe memory.baseAddress.unsafelyUnwrapped + index
    }
}

/// Whether what was borrowed is still there; for debug builds. A few bytes of it stay for ever.
@safe package struct Loan: BitwiseCopyable {
    @usableFromInline let isOpen: UnsafeMutablePointer<Bool>

    package init() {
        unsafe isOpen = .allocate(capacity: 1)
        unsafe isOpen.initialize(to: true)
    }

    /// The memory goes: what was borrowed may not be used any more.
    package func end() { unsafe isOpen.pointee = false }

    @inlinable
    package func check() { precondition(unsafe isOpen.pointee, "what was borrowed is gone") }
}
