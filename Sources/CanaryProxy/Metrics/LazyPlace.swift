// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// A place for something that is made at its first use by the one thread that writes, and may be looked at by all.
///
/// What lies here is published by a release store and stays until the place is cleared, which its owner does when nobody can be
/// looking.
struct LazyPlace<Value: ~Copyable>: ~Copyable, PagedCell {
    private let address = Atomic<UInt>(0)

    deinit { clear() }

    /// What lies here, made if it must be; for the writing thread alone.
    @inline(__always)
    func use(_ make: () -> Value, _ body: (borrowing Value) -> Void) {
        // The writer has stored the address itself.
        if let value = unsafe pointer(address.load(ordering: .relaxed)) { return unsafe body(value.pointee) }
        let value = UnsafeMutablePointer<Value>.allocate(capacity: 1)
        unsafe value.initialize(to: make())
        address.store(UInt(bitPattern: value), ordering: .releasing)
        unsafe body(value.pointee)
    }

    /// What `look` sees here, if there is anything.
    func look<Seen>(_ look: (borrowing Value) -> Seen) -> Seen? {
        guard let value = unsafe pointer(address.load(ordering: .acquiring)) else { return nil }
        return unsafe look(value.pointee)
    }

    /// Frees what lies here, when nobody can be looking at it.
    func clear() {
        guard let value = unsafe pointer(address.load(ordering: .acquiring)) else { return }
        address.store(0, ordering: .relaxed)
        unsafe value.deinitialize(count: 1)
        unsafe value.deallocate()
    }

    private func pointer(_ address: UInt) -> UnsafeMutablePointer<Value>? {
        unsafe UnsafeMutablePointer(bitPattern: address)
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
