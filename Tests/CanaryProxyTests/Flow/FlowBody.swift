// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
@testable import CanaryProxy
import CanaryTestSupport
import Glibc

/// Bodies of any size whose every byte is known: a random block over and over, whose length no buffer's size divides. What is
/// lost, doubled, moved or another body's is told by comparing.
enum FlowBody {
    private static let period = 1_000_003
    /// The block twice, so that a piece of up to its length lies in one place wherever it begins.
    // Written once, before anybody reads it.
    nonisolated(unsafe) private static let memory: UnsafeRawBufferPointer = {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 2 * period, alignment: 8)
        var generator = SeededGenerator(seed: 1)
        for offset in stride(from: 0, to: period - 8, by: 8) {
            memory.storeBytes(of: generator.next(), toByteOffset: offset, as: UInt64.self)
        }
        let half = UnsafeRawBufferPointer(rebasing: memory[..<period])
        UnsafeMutableRawBufferPointer(rebasing: memory[period...]).copyMemory(from: half)
        return UnsafeRawBufferPointer(memory)
    }()

    /// A piece of the body of the request with this number.
    static func piece(of number: Int, at offset: Int, _ count: Int) -> ByteSlice {
        let start = (offset + number * 7919) % period
        return ByteSlice(start: memory.baseAddress.map { $0 + start }, count: count)
    }

    static func isPiece(_ bytes: ByteSlice, of number: Int, at offset: Int) -> Bool {
        let expected = piece(of: number, at: offset, bytes.count)
        guard let bytes = bytes.base, let other = expected.base else { return true }
        return memcmp(bytes, other, expected.count) == 0
    }
}
