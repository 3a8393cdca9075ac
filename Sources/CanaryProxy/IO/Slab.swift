// SPDX-License-Identifier: Apache-2.0

/// Memory for many values of one type at addresses that never change: freed slots are taken again, last in, first out.
///
/// A slot is handed out uninitialised; whoever takes it initialises it, and deinitialises it before giving it back.
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
        if let slot = free.popLast() { return slot }
        let chunk = UnsafeMutablePointer<Element>.allocate(capacity: chunkCount)
        chunks.append(chunk)
        for index in (1..<chunkCount).reversed() { free.append(chunk + index) }
        return chunk
    }

    mutating func give(_ slot: UnsafeMutablePointer<Element>) {
        free.append(slot)
    }
}
