// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Testing

@testable import CanaryCLI

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
}
