// SPDX-License-Identifier: Apache-2.0

/// As many plain values as were asked for, at one place: no count of references and, in release builds, no check of indices.
///
/// `@safe`: it keeps its memory, and debug builds trap at an index that is out of bounds.
@safe struct FixedList<Element: BitwiseCopyable>: ~Copyable {
    private let memory: UnsafeMutablePointer<Element>
    let count: Int

    init(repeating element: Element, count: Int) {
        self.count = count
        unsafe memory = .allocate(capacity: count)
        unsafe memory.initialize(repeating: element, count: count)
    }

    deinit { unsafe memory.deallocate() }

    subscript(index: Int) -> Element {
        @inline(__always)
        unsafeAddress { unsafe UnsafePointer(address(index)) }
        @inline(__always)
        nonmutating unsafeMutableAddress { unsafe address(index) }
    }

    /// Where an element is, as long as the list is there.
    @inline(__always)
    @unsafe func address(_ index: Int) -> UnsafeMutablePointer<Element> {
        assert(index >= 0 && index < count)
        return unsafe memory + index
    }
}
