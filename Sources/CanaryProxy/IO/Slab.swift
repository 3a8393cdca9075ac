// SPDX-License-Identifier: Apache-2.0

import CLinux

/// Memory for many values of one type at addresses that never change: freed slots are taken again, last in, first out.
///
/// A slot is handed out uninitialised; whoever takes it initialises it, and deinitialises it before giving it back. The
/// address sanitizer takes a slot that nobody has for freed memory.
struct Slab<Element: ~Copyable>: ~Copyable {
    private var chunks: [UnsafeMutablePointer<Element>] = []
    private var free: [UnsafeMutablePointer<Element>] = []
    private let chunkCount: Int

    init(chunkCount: Int) {
        self.chunkCount = chunkCount
    }

    deinit {
        for chunk in chunks { chunk.deallocate() }
    }

    mutating func take() -> UnsafeMutablePointer<Element> {
        if let slot = free.popLast() {
            canary_unpoison(slot, MemoryLayout<Element>.stride)
            return slot
        }
        let chunk = UnsafeMutablePointer<Element>.allocate(capacity: chunkCount)
        chunks.append(chunk)
        for index in (1..<chunkCount).reversed() { give(chunk + index) }
        return chunk
    }

    mutating func give(_ slot: UnsafeMutablePointer<Element>) {
        canary_poison(slot, MemoryLayout<Element>.stride)
        free.append(slot)
    }
}
