// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryCLI

/// Each directory of `examples` with a real proxy and real requests. Shares are random: the bounds are six standard
/// deviations wide.
@Suite(.serialized) struct EndToEndExampleTests {
    @Test func `helloworld sends a tenth to v2`() throws {
        let scene = try Scene()
        #expect((0...77).contains(try scene.countOfV2(among: 300)))
        #expect(try eventually { try scene.describe().contains("(300 requests since revision 1)") })
        try scene.run("set-weight", "helloworld", "v2", "100", "--wait=30s")
        #expect(try scene.countOfV2(among: 20) == 20)
        #expect(try eventually { try scene.describe().contains("(20 requests since revision 4)") })
        try scene.run("undo", "helloworld", "--wait=30s")
        #expect(try scene.countOfV2(among: 300) < 78)
    }

    @Test func `the focused canary gives half of the internal users v2 and nobody else`() throws {
        let scene = try Scene(example: "focused")
        let internalUsers = "cookie: theme=dark; email=ada@some-company-name.com; x=y"
        #expect((40...160).contains(try scene.countOfV2(among: 200, internalUsers)))
        #expect(try scene.countOfV2(among: 50, "cookie: email=ada@example.com") == 0)
        #expect(try scene.countOfV2(among: 50) == 0)
    }

    @Test func `the region canary follows the header`() throws {
        let scene = try Scene(example: "region")
        #expect(try scene.countOfV2(among: 30, "x-region: eu-north") == 30)
        #expect(try scene.countOfV2(among: 30, "x-region: eu-south") == 0)
        #expect(try scene.countOfV2(among: 30) == 0)
    }

    @Test func `a sticky user keeps the version, and a growing share only takes users`() throws {
        let scene = try Scene(example: "sticky")
        let users = (0..<100).map { "x-user: user-\($0)" }
        func canaryUsers() throws -> Set<String> { Set(try users.filter { try scene.request($0) == "v2" }) }
        let before = try canaryUsers()
        #expect((1...50).contains(before.count))
        #expect(try canaryUsers() == before)
        try scene.run("set-weight", "helloworld", "v2", "60", "--wait=30s")
        let after = try canaryUsers()
        #expect(after.isStrictSuperset(of: before))
        try scene.run("set-weight", "helloworld", "v2", "0", "--wait=30s")
        #expect(try canaryUsers().isEmpty)
    }

    @Test func `two Services split like two subsets`() throws {
        let scene = try Scene(example: "two-services", canary: "helloworld-canary")
        #expect((13...87).contains(try scene.countOfV2(among: 200)))
    }

    @Test(arguments: ["evidence", "fixed", "mirrored", "focused", "metrics"])
    func `the Rollouts fit what they are for`(name: String) throws {
        let scratch = try ScratchDirectory()
        let examples = "\(Scene.root)/examples"
        let ended = try Program(
            [
                "validate", "-f", "\(examples)/helloworld", "-f", "\(examples)/rollouts/\(name).yaml", "-o",
                "json",
            ],
            in: scratch
        ).end()
        #expect(ended.status == 0)
        #expect(!ended.output.contains("Rollout/"), "\(ended.output)")
    }

    @Test func `the routing tests pass`() throws {
        let scratch = try ScratchDirectory()
        let example = "\(Scene.root)/examples/routing-tests"
        let ended = try Program(["test", "-t", "\(example)/tests", "-f", example], in: scratch).end()
        #expect(ended.status == 0, "\(ended.output)\(ended.errors)")
        #expect(ended.errors == "7 tests passed, 27 requests\n")
    }

    @Test(.enabled(if: hasPrograms("python3", "curl"), "the demo needs python3 and curl"))
    func `the demo runs from start to end`() throws {
        let scratch = try ScratchDirectory()
        let ended = try Program(
            ["\(Scene.root)/examples/helloworld/demo", Program.path],
            in: scratch,
            executable: "/bin/sh"
        ).end()
        #expect(ended.status == 0, "\(ended.errors)")
        #expect(ended.output.contains("Hello version: v2"))
        #expect(ended.output.contains(" aborted: "), "\(ended.output)")
        #expect(ended.output.contains(" promoted\n"), "\(ended.output)")
        #expect(ended.output.hasSuffix("done: everything is stopped, and the store is removed\n"))
    }

    @Test(.enabled(if: hasPrograms("python3", "curl", "openssl"), "the demo needs python3, curl and openssl"))
    func `TLS stands in front of a canary, and its certificate is replaced`() throws {
        let scratch = try ScratchDirectory()
        let ended = try Program(
            ["\(Scene.root)/examples/tls/demo", Program.path],
            in: scratch,
            executable: "/bin/sh"
        ).end()
        #expect(ended.status == 0, "\(ended.errors)")
        #expect(ended.output.contains("HTTP/2 200, certificate verified: 0\n"), "\(ended.output)")
        #expect(ended.output.contains("unrecognized name"), "\(ended.output)")
        #expect(ended.output.hasSuffix("done: everything is stopped, and the store is removed\n"))
    }

    @Test(.enabled(if: hasPrograms("python3", "curl"), "the demo needs python3 and curl"))
    func `a proxy is replaced again and again, and every request is answered`() throws {
        let scratch = try ScratchDirectory()
        let ended = try Program(
            ["\(Scene.root)/examples/handover/demo", Program.path],
            in: scratch,
            executable: "/bin/sh"
        ).end(within: .seconds(120))
        #expect(ended.status == 0, "\(ended.errors)")
        #expect(ended.output.contains("    800 200\n"), "\(ended.output)")
        #expect(ended.output.contains("the download ended whole: 100000 bytes\n"), "\(ended.output)")
        #expect(ended.output.hasSuffix("done: everything is stopped, and the store is removed\n"))
    }

    @Test(.enabled(if: hasPrograms("python3", "curl"), "the demo needs python3 and curl"))
    func `a version that answers calls with UNAVAILABLE is taken back`() throws {
        let scratch = try ScratchDirectory()
        let ended = try Program(
            ["\(Scene.root)/examples/grpc/demo", Program.path],
            in: scratch,
            executable: "/bin/sh"
        ).end()
        #expect(ended.status == 0, "\(ended.errors)")
        #expect(ended.output.contains("Hello version: v1\ngrpc-status: 0\n"), "\(ended.output)")
        // The proxy's own answer.
        #expect(ended.output.contains("grpc-status: 12\n"), "\(ended.output)")
        #expect(
            ended.output.contains(" aborted: ") && ended.output.contains(" canary errors, "),
            "\(ended.output)"
        )
        #expect(ended.output.hasSuffix("done: everything is stopped, and the store is removed\n"))
    }
}
