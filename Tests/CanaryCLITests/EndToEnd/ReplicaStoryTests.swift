// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryCLI

/// `examples/autoscaling`: replicas follow the load, traffic follows the rule, and neither knows of the other.
@Suite(.timeLimit(.minutes(15))) struct ReplicaStoryTests {
    private static let example = "\(Scene.root)/examples/autoscaling"

    /// The example's manifests for a load of 50 requests a second instead of 100, from wherever the test runs.
    private static func manifests(in scratch: ScratchDirectory) throws -> [String] {
        let files = ["service", "deployments", "virtualservice", "by-requests/autoscalers"]
        return try files.flatMap { file in
            let bytes = try FileReader.read(path: "\(example)/\(file).yaml").get()
            let text = String(decoding: bytes, as: UTF8.self)
                .replacing("examples/helloworld/serve", with: "\(Scene.root)/examples/helloworld/serve")
                .replacing("averageValue: \"20\"", with: "averageValue: \"10\"")
            return ["-f", try scratch.write(text, to: "manifests/\(file).yaml")]
        }
    }

    /// What the autoscalers have set.
    private static func replicas(in scratch: ScratchDirectory) throws -> (v1: Int, v2: Int) {
        let words = ["get", "deployments", "-o", "jsonpath={.items[*].spec.replicas}"]
        let ended = try Program(words, in: scratch).end()
        let numbers = ended.output.split(separator: " ").compactMap { Int($0) }
        try #require(numbers.count == 2, "\(ended)")
        return (numbers[0], numbers[1])
    }

    @Test(.enabled(if: hasPrograms("python3"), "the example's servers need python3"))
    func replicasFollowTheLoadAndTrafficTheRule() throws {
        let scratch = try ScratchDirectory()
        let ports = ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]
        let node = try Program(
            ["up", "--hpa-sync-period", "1s", "--workers", "1"] + ports + Self.manifests(in: scratch),
            in: scratch
        )
        #expect(eventually { node.errors.contains("admin on ") }, "\(node.errors)")
        for version in ["v1", "v2"] {
            try Scene.succeed("rollout", "status", "deployment/helloworld-\(version)", in: scratch)
        }
        // Nobody is told to register what runs by itself.
        #expect(!node.errors.contains("will get 503"), "\(node.errors)")
        let address = try Scene.listener(of: node)
        let load = try Clients(at: address, clients: 5, pause: 100) { _ in
            "cookie: email=ada@some-company-name.com\r\n"
        }

        // A tenth of the traffic needs no tenth of the replicas.
        #expect(
            try eventually {
                let (v1, v2) = try Self.replicas(in: scratch)
                return v1 >= v2 + 2
            },
            "\(node.errors)"
        )
        // v1 shrinks though nobody told it, and v2 grows.
        try Scene.succeed("set-weight", "helloworld", "v2", "50", in: scratch)
        #expect(
            try eventually {
                let (v1, v2) = try Self.replicas(in: scratch)
                return v2 >= 2 && v1 <= v2 + 1
            },
            "\(node.errors)"
        )
        // Who sees v2 is another question than how many replicas there are: those who ask all the time still do.
        try Scene.succeed("apply", "-f", "\(Scene.root)/examples/focused", "--wait=30s", in: scratch)
        let before = load.requests
        #expect(eventually { load.requests >= before + 350 })
        let (v1, v2) = try Self.replicas(in: scratch)
        #expect(v1 >= 2 && v2 >= 2)
        try expectOnlyV1(at: address)

        load.end()
        #expect(load.failures == 0 && load.lost == 0)
        #expect(load.bodies.keys.sorted() == ["Hello version: v1, /\n", "Hello version: v2, /\n"])
        #expect(try eventually { try Self.replicas(in: scratch) == (1, 1) }, "\(node.errors)")
        let rule = try Program.run("get", "virtualservice/helloworld", "-o", "yaml", in: scratch).output
        #expect(rule.contains("internal-users"))
        node.signal(SIGTERM)
        #expect(try node.end().status == 0)
    }

    /// Whoever has no cookie of the company.
    private func expectOnlyV1(at address: String) throws {
        let visitors = try Clients(at: address, clients: 1)
        #expect(eventually { visitors.requests >= 30 })
        visitors.end()
        #expect(visitors.bodies.keys.sorted() == ["Hello version: v1, /\n"])
    }

    @Test(.enabled(if: hasPrograms("python3", "h2load"), "the demo needs python3 and h2load"))
    func theDemoRunsFromStartToEnd() throws {
        let scratch = try ScratchDirectory()
        let demo = try Program(
            ["\(Self.example)/demo", Program.path],
            in: scratch,
            executable: "/bin/sh"
        )
        let ended = try demo.end(within: .seconds(600))
        #expect(ended.status == 0, "\(ended.output)\(ended.errors)")
        #expect(ended.output.contains(" requests, 0 failed\n"), "\(ended.output)")
        #expect(ended.output.hasSuffix("done: everything is stopped, and the store is removed\n"))
    }
}

/// Whether all of them are in `PATH`.
func hasPrograms(_ names: String...) -> Bool {
    let directories = getenv("PATH").map { String(cString: $0).split(separator: ":") } ?? []
    return names.allSatisfy { name in directories.contains { access("\($0)/\(name)", X_OK) == 0 } }
}
