// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CanaryTestSupport
import Glibc
import Testing

/// Memory that processes have in common.
@Suite struct SharedMemoryTests {
    private let scratch: ScratchDirectory
    private var path: String { scratch.path("memory") }

    init() throws {
        scratch = try ScratchDirectory()
    }

    private var isThere: Bool { access(path, F_OK) == 0 }

    private func byte(_ memory: SharedMemory) -> UInt8? {
        memory.bytes?.load(fromByteOffset: 4000, as: UInt8.self)
    }

    private func set(_ memory: SharedMemory, _ value: UInt8) {
        memory.bytes?.storeBytes(of: value, toByteOffset: 4000, as: UInt8.self)
    }

    @Test func `it is the same for all who have it, and zero again when nobody has`() throws {
        var first: SharedMemory? = try SharedMemory(path: path, size: 5000)
        #expect(byte(try #require(first)) == 0)
        set(try #require(first), 7)
        var second: SharedMemory? = try SharedMemory(path: path, size: 5000)
        #expect(byte(try #require(second)) == 7)
        set(try #require(second), 8)
        #expect(byte(try #require(first)) == 8)
        first?.leave()
        #expect(isThere)
        first = nil
        #expect(byte(try #require(second)) == 8 && isThere)
        SharedMemory.removeUnused(path: path)
        #expect(isThere)
        second = nil
        #expect(!isThere)
        #expect(byte(try SharedMemory(path: path, size: 5000)) == 0)
    }

    @Test func `a process that was killed has it no more, and its file means nothing`() throws {
        // As a killed process leaves it.
        try scratch.write(String(repeating: "x", count: 5000), to: "memory")
        let memory = try SharedMemory(path: path, size: 5000)
        #expect(byte(memory) == 0)
        try scratch.write("xyz", to: "left")
        SharedMemory.removeUnused(path: scratch.path("left"))
        SharedMemory.removeUnused(path: scratch.path("never there"))
        #expect(access(scratch.path("left"), F_OK) != 0)
    }

    @Test func `who leaves takes the file away, and others get another one`() throws {
        let first = try SharedMemory(path: path, size: 5000)
        set(first, 7)
        first.leave()
        #expect(!isThere)
        let second = try SharedMemory(path: path, size: 5000)
        #expect(byte(second) == 0 && byte(first) == 7)
    }

    @Test func `many that come at once have one memory`() async throws {
        let path = path
        let all = try await withThrowingTaskGroup(of: SharedMemory.self) { group in
            for _ in 0..<8 { group.addTask { try SharedMemory(path: path, size: 5000) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        set(all[0], 9)
        #expect(all.allSatisfy { byte($0) == 9 })
    }

    @Test func `what keeps it from being had is told`() throws {
        #expect(throws: SystemCallError(ENOENT)) {
            try SharedMemory(path: scratch.path("missing/memory"), size: 5000)
        }
        let other = try SharedMemory(path: path, size: 100)
        #expect(throws: SystemCallError(EWOULDBLOCK)) { try SharedMemory(path: path, size: 5000) }
        withExtendedLifetime(other) {}
    }
}
