// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CanaryTestSupport
import Glibc
import Testing

/// What there is for those who begin: an example, and commands in the place of images.
@Suite struct StarterTests {
    private let scratch: ScratchDirectory

    init() throws { scratch = try ScratchDirectory() }

    private func up(_ options: String...) throws -> Program {
        let ports = ["--workers", "1", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]
        return try Program(["up"] + options + ports, in: scratch)
    }

    private func readyPods() throws -> [String] {
        try Program.run("get", "pods", in: scratch).output.split(separator: "\n")
            .filter { $0.contains(" 1/1 ") && $0.contains(" Running ") }
            .compactMap { $0.split(separator: " ").first.map(String.init) }
    }

    private func end(_ node: Program) throws {
        node.signal(SIGTERM)
        #expect(try node.end().status == 0)
    }

    @Test func `the example runs as it is written`() throws {
        let directory = scratch.path("shop")
        let written = try Program.run("up", "--init", "-f", directory, in: scratch)
        #expect(written.status == 0 && written.errors.isEmpty)
        let node = try up("-f", directory)
        #expect(try eventually { try readyPods().count == 2 }, "\(node.errors)")
        let client = try Loopback(to: try Scene.listener(of: node))
        var answers: Set<String> = []
        let hasBoth = try eventually {
            client.send("GET / HTTP/1.1\r\nhost: hello\r\n\r\n")
            answers.insert(try #require(client.receive()).body)
            return answers.count == 2
        }
        #expect(hasBoth)
        #expect(answers == ["hello from v1\n", "hello from v2\n"])
        // The command that a comment names does what the comment says.
        let route = try String(
            decoding: FileReader.read(path: "\(directory)/virtualservice.yaml").get(),
            as: UTF8.self
        )
        let words = ["set-weight", "hello", "v2", "50"]
        #expect(route.contains("canaryctl \(words.joined(separator: " ")) changes that"))
        let moved = try Program(words, in: scratch).end()
        #expect(moved.status == 0 && moved.output.contains("configured"), "\(moved)")
        try end(node)
    }

    @Test func `a command is run in an image's place, and another one from the next start on`() throws {
        try scratch.write(
            """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: web}
            spec:
              selector: {matchLabels: {app: web}}
              template:
                metadata: {labels: {app: web}}
                spec: {containers: [{name: web, image: "web:1", args: [there]}]}
            """,
            to: "web.yaml"
        )
        try Scene.succeed(
            "images",
            "set",
            "web",
            "--",
            "sh",
            "-c",
            "echo first $0; exec sleep 1000",
            in: scratch
        )
        let node = try up("-f", scratch.path("web.yaml"), "--runtime", "process")
        #expect(eventually { node.output.contains("first there") }, "\(node.errors)")
        try Scene.succeed(
            "images",
            "set",
            "web:1",
            "--",
            "sh",
            "-c",
            "echo second; exec sleep 1000",
            in: scratch
        )
        try Scene.succeed("rollout", "restart", "deployment/web", in: scratch)
        #expect(eventually { node.output.contains("second") }, "\(node.errors)")
        try end(node)
    }
}
