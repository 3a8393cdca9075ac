// SPDX-License-Identifier: Apache-2.0

import CLinux

/// Memory for many values of one type at addresses that never change: freed slots are taken again, last in, first out.
///
/// The address sanitizer takes a slot that nobody has for freed memory, and debug builds notice a ``SlabPointer`` that is used
/// after its value was given back.
@safe struct Slab<Value: ~Copyable>: ~Copyable {
    private var chunks: [UnsafeMutableRawPointer] = unsafe []
    private var free: [UnsafeMutablePointer<Value>] = unsafe []
    private let chunkCount: Int

    init(chunkCount: Int) {
        self.chunkCount = chunkCount
    }

    deinit {
        unsafe chunks.forEach { unsafe $0.deallocate() }
    }

    /// Puts a value into a free slot. Inlined, so that the value is made where it stays, as far as the compiler can.
    @inline(__always)
    mutating func take(_ value: consuming Value) -> SlabPointer<Value> {
        if unsafe free.isEmpty { grow() }
        // Everything in the list is a slot of a chunk that nobody has.
        let slot = unsafe free.removeLast()
        unsafe canary_unpoison(slot, MemoryLayout<Value>.stride)
        unsafe slot.initialize(to: value)
        return unsafe SlabPointer(slot)
    }

    /// Ends the value that a pointer of this slab leads to. No copy of the pointer may be used any more.
    mutating func give(_ pointer: SlabPointer<Value>) {
        let slot = unsafe pointer.end()
        unsafe slot.deinitialize(count: 1)
        unsafe canary_poison(slot, MemoryLayout<Value>.stride)
        unsafe free.append(slot)
    }

    private mutating func grow() {
        let layout = SlabSlot<Value>.self
        let chunk = UnsafeMutableRawPointer.allocate(
            byteCount: layout.stride * chunkCount,
            alignment: layout.alignment
        )
        unsafe chunks.append(chunk)
        for index in (0..<chunkCount).reversed() {
            // The chunk has room for so many slots, and no value of another type is ever stored there.
            let slot = unsafe SlabSlot<Value>.prepare(chunk + index * layout.stride)
            unsafe canary_poison(slot, MemoryLayout<Value>.stride)
            unsafe free.append(slot)
        }
    }
}
