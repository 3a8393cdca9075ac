// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// What a ``PagedList`` is made of: something that may be looked at while its one writer changes it.
protocol PagedCell: ~Copyable {
    init()
}

extension Atomic: PagedCell where Value == UInt64 {
    init() { self.init(0) }
}

/// Cells by an index, in pages that come into being at their first use. One thread uses them, any may look at those there are.
///
/// `@safe`: a page is published whole, by a release store, and stays until the list goes; indices are compared with the size.
@safe struct PagedList<Cell: PagedCell & ~Copyable>: ~Copyable {
    private let pages: UnsafeMutablePointer<Atomic<UInt>>
    private let pageCount: Int
    private let bits: Int

    /// With room for so many pages of two to the power of `bits` cells.
    init(pageCount: Int, bits: Int) {
        self.pageCount = pageCount
        self.bits = bits
        unsafe pages = .allocate(capacity: pageCount)
        for page in 0..<pageCount { unsafe (pages + page).initialize(to: Atomic(0)) }
    }

    deinit {
        for number in 0..<pageCount {
            guard let page = unsafe page(number) else { continue }
            unsafe page.deinitialize(count: pageSize)
            unsafe page.deallocate()
        }
        unsafe pages.deallocate()
    }

    private var pageSize: Int { 1 &<< bits }
    var count: Int { pageCount &<< bits }

    /// A cell, made if it must be; for the writing thread alone. The index must be below ``count``.
    subscript(index: Int) -> Cell {
        @inline(__always)
        unsafeAddress {
            precondition(index >= 0 && index < count)
            let page = unsafe page(index &>> bits) ?? makePage(index &>> bits)
            return unsafe UnsafePointer(page + (index & (pageSize &- 1)))
        }
    }

    /// What `look` sees in a cell; `nil` where its page was never used.
    func look<Seen>(_ index: Int, _ look: (borrowing Cell) -> Seen?) -> Seen? {
        guard index >= 0, index < count, let page = unsafe page(index &>> bits) else { return nil }
        return unsafe look(page[index & (pageSize &- 1)])
    }

    /// Calls `body` with the cells of all pages there are, by rising indices.
    func forEach(_ body: (_ index: Int, borrowing Cell) -> Void) {
        for number in 0..<pageCount {
            guard let page = unsafe page(number) else { continue }
            for offset in 0..<pageSize { unsafe body(number &* pageSize &+ offset, page[offset]) }
        }
    }

    private func page(_ number: Int) -> UnsafeMutablePointer<Cell>? {
        unsafe UnsafeMutablePointer(bitPattern: pages[number].load(ordering: .acquiring))
    }

    @inline(never)
    private func makePage(_ number: Int) -> UnsafeMutablePointer<Cell> {
        let page = UnsafeMutablePointer<Cell>.allocate(capacity: pageSize)
        for offset in 0..<pageSize { unsafe (page + offset).initialize(to: Cell()) }
        unsafe pages[number].store(UInt(bitPattern: page), ordering: .releasing)
        return unsafe page
    }
}
