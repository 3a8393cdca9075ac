// SPDX-License-Identifier: Apache-2.0

import CLinux
import CanarySystem
import CanaryTestSupport
import Glibc
import Testing

@Suite struct FileReaderTests {
    @Test(arguments: [0, 1, 65_535, 65_536, 65_537, 200_000])
    func `files of any size are read whole`(_ size: Int) throws {
        let scratch = try ScratchDirectory()
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let path = try scratch.write(bytes, to: "file")
        #expect(try FileReader.read(path: path).get() == bytes)
    }

    @Test func `files of proc, which have no size, are read whole`() throws {
        #expect(try !FileReader.read(path: "/proc/self/maps").get().isEmpty)
    }

    @Test func `what cannot be read says why`() throws {
        let scratch = try ScratchDirectory()
        #expect(FileReader.read(path: scratch.path("none")) == .failure(SystemCallError(ENOENT)))
        #expect(FileReader.read(path: scratch.path) == .failure(SystemCallError(EISDIR)))
        #expect(FileReader.names(in: scratch.path("none")) == .failure(SystemCallError(ENOENT)))
        #expect(SystemCallError(ENOENT).reason == "no such file or directory")
        #expect(SystemCallError(EACCES).reason == "permission denied")
    }

    @Test func `directories, files and links are told apart, and names are in order`() throws {
        let scratch = try ScratchDirectory()
        try scratch.write("x", to: "b")
        try scratch.write("x", to: "a/c")
        symlink("b", scratch.path("link"))
        symlink("nowhere", scratch.path("dangling"))
        #expect(try FileReader.names(in: scratch.path).get() == ["a", "b", "dangling", "link"])
        #expect(try FileReader.type(of: scratch.path("a")).get() == .directory)
        #expect(try FileReader.type(of: scratch.path("link")).get() == .file)
        #expect(FileReader.type(of: scratch.path("dangling")) == .failure(SystemCallError(ENOENT)))
        #expect(FileReader.isLink(scratch.path("dangling")))
        #expect(!FileReader.isLink(scratch.path("b")))
        #expect(FileReader.linkTarget(scratch.path("link")) == "b")
        #expect(FileReader.linkTarget(scratch.path("b")) == nil)
    }
}
