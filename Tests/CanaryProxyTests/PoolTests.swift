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
        let slot = slab.take()
        #expect(!canary_is_poisoned(slot, 16))
        #expect(canary_is_poisoned(slot + 1, 16) == canary_has_address_sanitizer())
        slab.give(slot)
        #expect(canary_is_poisoned(slot, 16) == canary_has_address_sanitizer())
        #expect(slab.take() == slot)
    }
}
