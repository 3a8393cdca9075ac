// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CLinux
import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryProxy

/// Logs that stall, fill up, and are rotated: nobody waits, and nothing is lost without a word.
@Suite(.timeLimit(.minutes(15))) struct LogWriterTests {
    private func writer(_ descriptor: Int32, limit: Int = 4 << 20) throws -> LogWriter {
        try #require(
            LogWriter(descriptors: [descriptor], limit: limit) { count, reason in "\(count) lost: \(reason)\n"
            }
        )
    }

    private func text(_ path: String) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = read(descriptor, &bytes, bytes.count)
        return String(decoding: bytes[..<max(count, 0)], as: UTF8.self)
    }

    @Test func `a pipe that nobody reads stops nobody, and what was dropped is told in its place`() throws {
        var ends: [Int32] = [-1, -1]
        #expect(canary_pipe2(&ends, O_CLOEXEC) == 0)
        defer { for end in ends { close(end) } }
        let log = try writer(ends[1], limit: 100_000)
        let line = String(repeating: "x", count: 99) + "\n"
        // The pipe takes 64 KiB, the buffer 100 kB.
        for _ in 0..<10_000 { log.write(line) }
        var text = ""
        var whole = 0
        var lost = 0
        while whole + lost < 10_000 {
            var chunk = [UInt8](repeating: 0, count: 65_536)
            let count = read(ends[0], &chunk, chunk.count)
            try #require(count > 0)
            text += String(decoding: chunk[..<count], as: UTF8.self)
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            whole += lines.dropLast().count { $0 == line.dropLast() }
            let told = lines.dropLast().filter { $0.hasSuffix(" lost: the log takes no more") }
            lost += told.compactMap { $0.split(separator: " ").first.flatMap { Int($0) } }.reduce(0, +)
            text = String(lines.last ?? "")
        }
        #expect(whole + lost == 10_000 && lost > 0)
        log.write("later\n")
        var byte = [UInt8](repeating: 0, count: 16)
        #expect(read(ends[0], &byte, 16) == 6)
        log.finish(milliseconds: 60_000)
    }

    @Test func `a stalled pipe does not hold up the end`() throws {
        var ends: [Int32] = [-1, -1]
        #expect(canary_pipe2(&ends, O_CLOEXEC) == 0)
        let log = try writer(ends[1])
        log.write(String(repeating: "x", count: 1 << 20) + "\n")
        log.finish(milliseconds: 10)
        // The thread still writes: without a reader it ends, and only then may the descriptor be another's.
        close(ends[0])
        log.finish(milliseconds: 60_000)
        close(ends[1])
    }

    @Test func `lines of many threads come whole and in each one's order`() throws {
        let directory = try ScratchDirectory()
        let path = directory.path("log")
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        defer { close(descriptor) }
        let log = try writer(descriptor)
        let threads = (0..<4).compactMap { thread in
            Thread(name: "logs") { for number in 0..<500 { log.write("\(thread) \(number)\n") } }
        }
        for thread in threads { thread.join() }
        log.finish(milliseconds: 60_000)
        let lines = text(path).split(separator: "\n")
        #expect(lines.count == 2000)
        for thread in 0..<4 {
            let own = lines.filter { $0.hasPrefix("\(thread) ") }.compactMap { Int($0.dropFirst(2)) }
            #expect(own == Array(0..<500))
        }
    }

    @Test func `a full disk loses lines, says how many, and cuts none in two`() throws {
        // /dev/full takes nothing.
        let full = open("/dev/full", O_WRONLY | O_CLOEXEC)
        try #require(full >= 0)
        let directory = try ScratchDirectory()
        let path = directory.path("log")
        let file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        let descriptor = dup(full)
        let log = try writer(descriptor)
        for number in 0..<10 { log.write("lost \(number)\n") }
        while log.lostLines < 10 { usleep(1000) }
        dup2(file, descriptor)
        while log.lostLines > 0 { usleep(1000) }
        log.write("kept\n")
        log.finish(milliseconds: 60_000)
        #expect(text(path) == "10 lost: no space left on device\nkept\n")
        for descriptor in [full, file, descriptor] { close(descriptor) }
    }

    @Test func `a log that was renamed is opened again, and one that was cut goes on at its new end`() throws
    {
        let directory = try ScratchDirectory()
        let path = directory.path("log")
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        defer { close(descriptor) }
        let log = try writer(descriptor)
        func write(_ line: String) {
            log.write(line)
            while !text(path).hasSuffix(line) { usleep(1000) }
        }
        write("first\n")
        #expect(rename(path, directory.path("log.1")) == 0)
        #expect(log.reopen() == nil)
        write("second\n")
        #expect(text(directory.path("log.1")) == "first\n")
        #expect(truncate(path, 0) == 0)
        write("third\n")
        #expect(text(path) == "third\n")
        #expect(rename(path, directory.path("log.2")) == 0)
        #expect(mkdir(path, 0o700) == 0)
        #expect(log.reopen()?.error == SystemCallError(EISDIR))
        log.write("fourth\n")
        log.finish(milliseconds: 60_000)
        #expect(text(directory.path("log.2")) == "third\nfourth\n")
    }
}
