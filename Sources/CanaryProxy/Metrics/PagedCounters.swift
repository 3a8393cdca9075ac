// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// A place for something that is made at its first use by the one thread that writes, and may be looked at by all.
///
/// The pointer is published by a release store and stays until the owner of the place frees it.
struct LazyPlace<Value: ~Copyable>: ~Copyable {
    private let address = Atomic<UInt>(0)

    /// What lies here, if anything does.
    var value: UnsafeMutablePointer<Value>? {
        UnsafeMutablePointer(bitPattern: address.load(ordering: .acquiring))
    }

    /// What lies here, made if it must be; for the writing thread alone.
    @inline(__always)
    func value(_ make: () -> Value) -> UnsafeMutablePointer<Value> {
        // The writer has stored the address itself.
        if let value = UnsafeMutablePointer<Value>(bitPattern: address.load(ordering: .relaxed)) {
            return value
        }
        let value = UnsafeMutablePointer<Value>.allocate(capacity: 1)
        value.initialize(to: make())
        address.store(UInt(bitPattern: value), ordering: .releasing)
        return value
    }

    /// Frees what lies here, when nobody can be looking at it.
    func clear() {
        guard let value else { return }
        address.store(0, ordering: .relaxed)
        value.deinitialize(count: 1)
        value.deallocate()
    }
}

/// Numbers by an index, in pages that come into being at their first use. One thread counts, any may read.
struct PagedCounters: ~Copyable {
    private typealias Cell = Atomic<UInt64>

    private let pages: UnsafeMutablePointer<Atomic<UInt>>
    private let pageCount: Int
    private let pageSize: Int

    init(pageCount: Int, pageSize: Int) {
        self.pageCount = pageCount
        self.pageSize = pageSize
        pages = .allocate(capacity: pageCount)
        for page in 0..<pageCount { (pages + page).initialize(to: Atomic(0)) }
    }

    deinit {
        for page in 0..<pageCount { self.page(page)?.deallocate() }
        pages.deallocate()
    }

    /// Counts one more at an index below `pageCount * pageSize`.
    @inline(__always)
    func bump(_ index: Int) {
        let number = index / pageSize
        guard index >= 0, number < pageCount else { return }
        ((page(number) ?? makePage(number)) + (index &- number &* pageSize)).pointee.bump()
    }

    /// The numbers that are not zero, in the order of their indices.
    func forEach(_ body: (_ index: Int, _ count: UInt64) -> Void) {
        for number in 0..<pageCount {
            guard let page = page(number) else { continue }
            for offset in 0..<pageSize {
                let count = page[offset].load(ordering: .relaxed)
                if count > 0 { body(number * pageSize + offset, count) }
            }
        }
    }

    private func page(_ number: Int) -> UnsafeMutablePointer<Cell>? {
        UnsafeMutablePointer(bitPattern: pages[number].load(ordering: .acquiring))
    }

    private func makePage(_ number: Int) -> UnsafeMutablePointer<Cell> {
        let page = UnsafeMutablePointer<Cell>.allocate(capacity: pageSize)
        for offset in 0..<pageSize { (page + offset).initialize(to: Atomic(0)) }
        pages[number].store(UInt(bitPattern: page), ordering: .releasing)
        return page
    }
}

extension Atomic where Value == UInt64 {
    /// Adds one, where only one thread writes.
    @inline(__always)
    func bump() { add(1) }

    /// Adds, where only one thread writes.
    @inline(__always)
    func add(_ amount: UInt64) {
        store(load(ordering: .relaxed) &+ amount, ordering: .relaxed)
    }
}
