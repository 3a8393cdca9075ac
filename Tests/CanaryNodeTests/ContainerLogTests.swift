// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryNode

@Suite struct ContainerLogTests {
    private let scratch: ScratchDirectory

    init() throws { scratch = try ScratchDirectory() }

    /// 2026-11-28T21:00:00.000000007Z
    private let moment: UInt64 = 1_795_899_600_000_000_007

    private func bytes(_ name: String) -> [UInt8] {
        (try? FileReader.read(path: scratch.path(name)).get()) ?? []
    }
    private func text(_ name: String) -> String { String(decoding: bytes(name), as: UTF8.self) }

    @Test func linesCarryTimeStreamAndTag() {
        var log = ContainerLog(path: scratch.path("log"))
        log.append(Array("one\n\ntwo".utf8)[...], at: moment)
        #expect(text("log").split(separator: "\n").map { $0.split(separator: " ").last } == ["one", "F"])
        log.append(Array(" and a half\n".utf8)[...], at: moment)
        log.append(Array("end".utf8)[...], at: moment)
        log.finish(at: moment)
        let stamp = "2026-11-28T21:00:00.000000007Z stdout F"
        #expect(text("log") == "\(stamp) one\n\(stamp) \n\(stamp) two and a half\n\(stamp) end\n")
    }

    @Test func longLinesAreKeptInParts() {
        var log = ContainerLog(path: scratch.path("log"))
        let line = [UInt8](repeating: UInt8(ascii: "x"), count: 40_000)
        for start in stride(from: 0, to: line.count, by: 7000) {
            log.append(line[start..<min(start + 7000, line.count)], at: moment)
        }
        log.finish(at: moment)
        let lines = text("log").split(separator: "\n").map { $0.split(separator: " ") }
        #expect(lines.map { $0[2] } == ["P", "P", "F"])
        #expect(lines.map { $0[3].count }.reduce(0, +) == 40_000)
    }

    @Test func neverMoreThanTwoFilesOfABoundedSize() {
        var log = ContainerLog(path: scratch.path("log"), mostBytes: 10_000)
        let line = Array("0123456789012345678901234567890123456789\n".utf8)[...]
        for _ in 0..<10_000 {
            log.append(line, at: moment)
            #expect(bytes("log").count <= 10_000 && bytes("log.1").count <= 10_000)
        }
        log.finish(at: moment)
        #expect(!bytes("log.1").isEmpty)
        #expect((bytes("log.1") + bytes("log")).split(separator: 10).allSatisfy { $0.count == 80 })
    }

    /// A link in the place of the file is not followed.
    @Test func linksAreNotFollowed() throws {
        try scratch.write("mine", to: "victim")
        symlink(scratch.path("victim"), scratch.path("log"))
        var log = ContainerLog(path: scratch.path("log"))
        log.append(Array("one\n".utf8)[...], at: moment)
        log.finish(at: moment)
        #expect(text("victim") == "mine")
    }

    @Test func whatCouldNotBeWrittenIsTold() {
        var log = ContainerLog(path: scratch.path("directory/log"))
        log.append(Array("lost\n".utf8)[...], at: moment)
        mkdir(scratch.path("directory"), 0o700)
        log.append(Array("kept\n".utf8)[...], at: moment)
        log.finish(at: moment)
        let lines = text("directory/log").split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines.first?.contains("bytes lost: this file could not be written") == true)
        #expect(lines.last?.hasSuffix("F kept") == true)
    }
}
