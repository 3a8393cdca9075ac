// SPDX-License-Identifier: Apache-2.0

import CLinux
import CanarySystem
import CanaryTestSupport
import Glibc
import Synchronization
import Testing

@Suite struct FileWriterTests {
    @Test func `what another process writes at the same time is left alone`() throws {
        let scratch = try ScratchDirectory()
        let path = scratch.path("lds.json")
        // Half written by somebody else, under whatever number.
        let other = "\(path).0.new"
        try scratch.write("half", to: "lds.json.0.new")
        try scratch.write("half", to: "lds.json.new")
        #expect(try FileWriter.replace(path: path, with: Array("whole".utf8)).get())
        #expect(try FileReader.read(path: path).get() == Array("whole".utf8))
        #expect(try FileReader.read(path: other).get() == Array("half".utf8))
        #expect(try FileReader.read(path: "\(path).new").get() == Array("half".utf8))
        #expect(try !FileWriter.replace(path: path, with: Array("whole".utf8)).get())
    }

    @Test func `directories that are there are no failure`() throws {
        let scratch = try ScratchDirectory()
        let path = scratch.path("a/b/c")
        try FileWriter.makeDirectory(path).get()
        try FileWriter.makeDirectory(path).get()
    }

    @Test func `a pipe that takes no more for now is waited for`() throws {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        defer { ends.forEach { close($0) } }
        _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)
        // More than a pipe holds.
        let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let source = ends[0]
        let received = Mutex<[UInt8]>([])
        let reader = Thread(name: "reader") {
            var chunk = [UInt8](repeating: 0, count: 4096)
            while received.withLock(\.count) < bytes.count {
                let count = read(source, &chunk, chunk.count)
                guard count > 0 else { return }
                received.withLock { $0 += chunk[..<count] }
            }
        }
        let failure = bytes.withUnsafeBytes { FileWriter.write($0, to: ends[1]) }
        #expect(failure == nil)
        try #require(reader).join()
        #expect(received.withLock { $0 == bytes })
    }

    @Test func `what cannot be written is told with the reason`() throws {
        let full = open("/dev/full", O_WRONLY)
        try #require(full >= 0)
        defer { close(full) }
        let failure = Array("text".utf8).withUnsafeBytes { FileWriter.write($0, to: full) }
        #expect(failure?.count == 0)
        #expect(failure?.error == SystemCallError(ENOSPC))
    }
}
