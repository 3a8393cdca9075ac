// SPDX-License-Identifier: Apache-2.0

import CLinux

/// Memory that one owner has until it gives it back to the pool that it came from. `@safe`: only its use is not.
@safe struct Block {
    /// Aligned for any of the values that requests are described by.
    let base: UnsafeMutableRawPointer
    fileprivate let capacity: Int

    fileprivate init(capacity: Int) {
        unsafe base = .allocate(byteCount: capacity, alignment: 16)
        self.capacity = capacity
    }
}

/// Blocks of memory of one size, given back and taken again without the allocator. Larger ones are allocated.
///
/// The address sanitizer takes a block that was given back for freed memory, though the allocator does not know of it.
struct BlockPool: ~Copyable {
    /// Holds the heads that browsers send, with what is known of them.
    static let blockSize = 2048
    private static let mostFree = 512

    private var free: [Block] = []

    init() {}

    deinit {
        for block in free { unsafe block.base.deallocate() }
    }

    /// A block of at least `count` bytes, whose contents are undefined.
    mutating func take(_ count: Int) -> Block {
        guard count <= Self.blockSize else {
            return Block(capacity: count)
        }
        guard let block = free.popLast() else { return Block(capacity: Self.blockSize) }
        unsafe canary_unpoison(block.base, Self.blockSize)
        return block
    }

    mutating func give(_ block: Block) {
        if block.capacity > Self.blockSize || free.count >= Self.mostFree {
            unsafe block.base.deallocate()
        } else {
            unsafe canary_poison(block.base, block.capacity)
            free.append(block)
        }
    }
}
