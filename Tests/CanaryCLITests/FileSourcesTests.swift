// SPDX-License-Identifier: Apache-2.0

import CanaryManifests
import CanaryResources
import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryCLI

@Suite struct FileSourcesTests {
    @Test func `a directory gives its files, through links too, and neither pipes nor linked directories`()
        throws
    {
        let scratch = try ScratchDirectory()
        try scratch.write("a", to: "manifests/a.yaml")
        try scratch.write("b", to: "elsewhere/b.yaml")
        #expect(mkfifo(scratch.path("manifests/pipe.yaml"), 0o600) == 0)
        #expect(symlink("..", scratch.path("manifests/up")) == 0)
        #expect(symlink("../elsewhere/b.yaml", scratch.path("manifests/link.yaml")) == 0)
        let sources = FileSources(files: ["manifests"], recursive: true, option: "-f", noun: "manifests")
        let found = try sources.read(in: TestWorld(directory: scratch.path).context)
        #expect(found.read.map(\.name) == ["manifests/a.yaml", "manifests/link.yaml"])
        #expect(found.failures.isEmpty)
    }

    @Test func `a link that leads nowhere is a manifest that is missing`() throws {
        let scratch = try ScratchDirectory()
        try scratch.write("b", to: "manifests/b.yaml")
        #expect(symlink("nowhere.yaml", scratch.path("manifests/a.yaml")) == 0)
        #expect(symlink("c.yaml", scratch.path("manifests/c.yaml")) == 0)
        #expect(symlink("nowhere.txt", scratch.path("manifests/d.txt")) == 0)
        let sources = FileSources(files: ["manifests"], recursive: false, option: "-f", noun: "manifests")
        let found = try sources.read(in: TestWorld(directory: scratch.path).context)
        #expect(found.read.map(\.name) == ["manifests/b.yaml"])
        #expect(
            found.failures.map(\.message) == [
                "cannot read manifests/a.yaml: no such file or directory",
                "cannot read manifests/c.yaml: too many levels of symbolic links",
            ]
        )
    }

    @Test func `a link to a directory is read where it is named`() throws {
        let scratch = try ScratchDirectory()
        try scratch.write("a", to: "manifests/a.yaml")
        #expect(symlink("manifests", scratch.path("link")) == 0)
        let sources = FileSources(files: ["link"], recursive: true, option: "-f", noun: "manifests")
        #expect(
            try sources.read(in: TestWorld(directory: scratch.path).context).read.map(\.name)
                == ["link/a.yaml"]
        )
    }

    @Test func `the name of a file can't forge lines or colours`() {
        let file = "\u{1B}[31mred\nb.yaml"
        let finding = Diagnostic(RuleCode("CAN0001"), .error, "no YAML", file: file)
        #expect(
            GitHubAnnotation.line(finding)
                == "::error file=\\u{1B}[31mred\\nb.yaml,title=CAN0001::no YAML"
        )
    }
}
