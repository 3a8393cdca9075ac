// SPDX-License-Identifier: Apache-2.0

import CLinux
import Testing

@testable import CanaryProxy

/// Memory that is used again.
struct PoolTests {
    @Test func `a block that was given back is taken again`() {
        var pool = BlockPool()
        let first = pool.take(10)
        pool.give(first)
        #expect(pool.take(BlockPool.blockSize).base == first.base)
    }

    @Test func `large blocks are allocated and not kept`() {
        var pool = BlockPool()
        let large = pool.take(BlockPool.blockSize + 1)
        large.base.storeBytes(of: 1, toByteOffset: BlockPool.blockSize, as: UInt8.self)
        pool.give(large)
        let block = pool.take(1)
        pool.give(block)
        #expect(pool.take(1).base == block.base)
    }

    /// Under the address sanitizer, what nobody has is poisoned, and what somebody has is not. Other builds know no poison.
    @Test func `memory that was given back is out of bounds`() {
        var pool = BlockPool()
        let block = pool.take(100)
        #expect(!canary_is_poisoned(block.base, 100))
        pool.give(block)
        #expect(canary_is_poisoned(block.base, 100) == canary_has_address_sanitizer())
        _ = pool.take(100)
        #expect(!canary_is_poisoned(block.base, 100))

        var slab = Slab<(Int, Int)>(chunkCount: 4)
        let (slot, other) = (slab.take((1, 2)), slab.take((3, 4)))
        // Of the slots themselves, not of copies.
        let memory = withUnsafeMutablePointer(to: &slot.pointee) { UnsafeRawPointer($0) }
        let next = withUnsafeMutablePointer(to: &other.pointee) { UnsafeRawPointer($0) }
        #expect(!canary_is_poisoned(memory, 16) && !canary_is_poisoned(next, 16))
        slab.give(slot)
        #expect(canary_is_poisoned(memory, 16) == canary_has_address_sanitizer())
        #expect(!canary_is_poisoned(next, 16))
        #expect(slab.take((5, 6)) == slot)
    }
}
