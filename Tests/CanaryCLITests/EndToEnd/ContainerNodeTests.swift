// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CanaryTestSupport
import Glibc
import Testing

/// `up` with containers of images.
@Suite(.enabled(if: Podman.isThere, "\(Podman.absence)")) struct ContainerNodeTests {
    private let scratch: ScratchDirectory
    private let variables: [String]

    init() throws {
        scratch = try ScratchDirectory()
        variables = (Podman.environment ?? [:]).map { "\($0.key)=\($0.value)" }
        try scratch.write(
            """
            apiVersion: v1
            kind: Service
            metadata: {name: web}
            spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
            ---
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: web}
            spec:
              replicas: 2
              selector: {matchLabels: {app: web}}
              template:
                metadata: {labels: {app: web}}
                spec:
                  terminationGracePeriodSeconds: 1
                  containers:
                  - name: web
                    image: \(Podman.image)
                    args: [sh, -c, 'hostname >/tmp/index.html; exec httpd -f -p 8080 -h /tmp']
                    ports: [{containerPort: 8080}]
            """,
            to: "web.yaml"
        )
    }

    private func up(_ options: String...) throws -> Program {
        try Program(
            [
                "up", "-f", scratch.path("web.yaml"), "--workers", "1", "--listen", "127.0.0.1:0", "--admin",
                "127.0.0.1:0",
            ]
                + options,
            in: scratch,
            environment: variables
        )
    }

    private var kept: Int {
        let label = "label=canaryctl.dev/store=\(scratch.path("store"))"
        return Podman.ask("ps", "--all", "--quiet", "--filter", label)?.split(separator: "\n").count ?? -1
    }

    private func readyPods() throws -> Int {
        try Program.run("get", "pods", in: scratch).output.split(separator: "\n")
            .count { $0.contains(" 1/1 ") && $0.contains(" Running ") }
    }

    @Test func `requests reach both replicas, and nothing outlives the node`() throws {
        let node = try up()
        #expect(try eventually { try readyPods() == 2 }, "\(node.errors)")
        let client = try Loopback(to: try Scene.listener(of: node))
        var names: Set<String> = []
        let reachesBoth = try eventually {
            client.send("GET / HTTP/1.1\r\nhost: web\r\n\r\n")
            let answer = try #require(client.receive())
            #expect(answer.startLine.contains(" 200 "))
            names.insert(answer.body)
            return names.count == 2
        }
        #expect(reachesBoth)
        #expect(kept == 2)
        kill(node.pid, SIGKILL)
        #expect(eventually { kept == 0 })
        // The next one has its own, and ends them in order.
        let next = try up("--runtime", "podman")
        #expect(try eventually { try readyPods() == 2 }, "\(next.errors)")
        next.signal(SIGTERM)
        #expect(try next.end().status == 0)
        #expect(kept == 0)
    }

    @Test func `without a runtime the three ways out are told`() throws {
        let node = try up("--runtime", "process")
        #expect(
            eventually {
                [
                    "--runtime podman", "canaryctl.dev/command",
                    "canaryctl images set \(Podman.image) --",
                ]
                .allSatisfy(node.errors.contains)
            },
            "\(node.errors)"
        )
        node.signal(SIGTERM)
        #expect(try node.end().status == 0)
        let refused = try up("--runtime", "docker").end()
        #expect(refused.status == 1)
        #expect(refused.errors.contains("docker"))
    }
}
