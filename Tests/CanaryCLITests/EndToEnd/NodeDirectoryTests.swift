// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryCLI

/// A node writes and removes nothing outside of its store.
@Suite struct NodeDirectoryTests {
    private let scratch: ScratchDirectory

    init() throws {
        scratch = try ScratchDirectory()
        mkdir(scratch.path("store"), 0o700)
        for name in ["mine", "mine/pod", "mine/pod/container"] { mkdir(scratch.path(name), 0o700) }
        try scratch.write("precious", to: "mine/pod/container/0.log")
    }

    private let ports = ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]
    private var isUntouched: Bool { access(scratch.path("mine/pod/container/0.log"), F_OK) == 0 }

    @Test func aLinkInThePlaceOfAllLogsIsRefused() throws {
        symlink(scratch.path("mine"), scratch.path("store/logs"))
        let ended = try Program(["up"] + ports, in: scratch).end()
        #expect(ended.status == 1 && ended.errors.contains("store/logs is a link"), "\(ended)")
        #expect(ended.errors.contains("hint: remove the link"))
        #expect(isUntouched)
    }

    @Test(arguments: ["default_web_1", "default_web_1/web"])
    func linksInThePlaceOfAPodsLogsAreNotFollowed(name: String) throws {
        mkdir(scratch.path("store/logs"), 0o700)
        if name.contains("/") { mkdir(scratch.path("store/logs/default_web_1"), 0o700) }
        let target = name.contains("/") ? "mine/pod/container" : "mine/pod"
        symlink(scratch.path(target), scratch.path("store/logs/\(name)"))
        let node = try Program(["up"] + ports, in: scratch)
        #expect(eventually { node.errors.contains("admin on ") }, "\(node.errors)")
        node.signal(SIGTERM)
        #expect(try node.end().status == 0)
        #expect(isUntouched)
    }
}
