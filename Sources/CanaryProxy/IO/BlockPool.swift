// SPDX-License-Identifier: Apache-2.0

/// A copy of a request's head, kept while its exchange lasts.
struct KeptBytes {
    fileprivate(set) var base: UnsafeMutableRawPointer?
    fileprivate(set) var count = 0

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }
}

/// Blocks of memory of one size, given back and taken again without the allocator. Larger copies are allocated.
struct BlockPool: ~Copyable {
    private static let blockSize = 1024
    private static let mostFree = 1024

    private var firstFree: UnsafeMutableRawPointer?
    private var freeCount = 0

    init() {}

    deinit {
        var next = firstFree
        while let block = next {
            next = block.load(as: UnsafeMutableRawPointer?.self)
            block.deallocate()
        }
    }

    mutating func keep(_ bytes: UnsafeRawBufferPointer) -> KeptBytes {
        let memory = take(bytes.count)
        if let source = bytes.baseAddress { memory.copyMemory(from: source, byteCount: bytes.count) }
        return KeptBytes(base: memory, count: bytes.count)
    }

    mutating func release(_ kept: inout KeptBytes) {
        guard let block = kept.base else { return }
        if kept.count > Self.blockSize || freeCount >= Self.mostFree {
            block.deallocate()
        } else {
            block.storeBytes(of: firstFree, as: UnsafeMutableRawPointer?.self)
            firstFree = block
            freeCount &+= 1
        }
        kept = KeptBytes()
    }

    private mutating func take(_ count: Int) -> UnsafeMutableRawPointer {
        if count <= Self.blockSize, let block = firstFree {
            firstFree = block.load(as: UnsafeMutableRawPointer?.self)
            freeCount &-= 1
            return block
        }
        return .allocate(byteCount: max(count, Self.blockSize), alignment: 16)
    }
}
