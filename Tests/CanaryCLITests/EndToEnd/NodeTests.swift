// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CanaryTestSupport
import Glibc
import Synchronization
import Testing

@testable import CanaryCLI

/// `up` with real servers: pods that answer with their version.
@Suite struct NodeTests {
    private let scratch: ScratchDirectory

    init() throws {
        scratch = try ScratchDirectory()
        try scratch.write(
            """
            import http.server, os, signal, socketserver, sys, threading
            class Handler(http.server.BaseHTTPRequestHandler):
                protocol_version = "HTTP/1.1"
                def do_GET(self):
                    body = sys.argv[1].encode()
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                def log_message(self, *ignored):
                    pass
            server = http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler)
            print(sys.argv[1], "listens", flush=True)
            signal.signal(signal.SIGTERM, lambda *ignored: threading.Thread(target=server.shutdown).start())
            server.serve_forever()
            print(sys.argv[1], "ends", flush=True)
            """,
            to: "server.py"
        )
    }

    private func manifest(_ version: String = "v1", replicas: Int = 2) throws -> String {
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
              replicas: \(replicas)
              selector: {matchLabels: {app: web}}
              strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}
              template:
                metadata: {labels: {app: web, version: v1}}
                spec:
                  containers:
                  - name: web
                    image: web
                    command: [python3, "\(scratch.path("server.py"))", \(version)]
                    ports: [{containerPort: 8080}]
            """,
            to: "web.yaml"
        )
    }

    private func up() throws -> Program {
        try Program(
            [
                "up", "-f", try manifest(), "--workers", "1", "--listen", "127.0.0.1:0", "--admin",
                "127.0.0.1:0",
            ],
            in: scratch
        )
    }

    /// The pods that `get` lists as running and ready.
    private func readyPods() throws -> Set<String> {
        let lines = try Program.run("get", "pods", in: scratch).output.split(separator: "\n")
        return Set(
            lines.filter { $0.contains(" 1/1 ") && $0.contains(" Running ") }.compactMap {
                $0.split(separator: " ").first.map(String.init)
            }
        )
    }

    private func podCount() throws -> Int {
        max(0, try Program.run("get", "pods", in: scratch).output.split(separator: "\n").count - 1)
    }

    private func processes() -> Int {
        ((try? FileReader.names(in: "/proc").get()) ?? []).count { name in
            guard Int32(name) != nil, let bytes = try? FileReader.read(path: "/proc/\(name)/cmdline").get()
            else {
                return false
            }
            return String(decoding: bytes, as: UTF8.self).contains(scratch.path("server.py"))
        }
    }

    @Test func runsScalesUpdatesAndEnds() throws {
        let node = try up()
        #expect(try eventually { try readyPods().count == 2 }, "\(node.errors)")
        let address = try Scene.listener(of: node)
        // Requests all the time, and none fails whatever happens to the pods.
        let client = Client(of: address)
        try Scene.succeed("apply", "-f", try manifest(replicas: 4), in: scratch)
        #expect(try eventually { try readyPods().count == 4 })
        try Scene.succeed("apply", "-f", try manifest(replicas: 1), in: scratch)
        #expect(try eventually { try podCount() == 1 })
        let before = try readyPods()
        try Scene.succeed("apply", "-f", try manifest("v2", replicas: 1), in: scratch)
        #expect(
            try eventually {
                try podCount() == 1 && readyPods().isDisjoint(with: before) && readyPods().count == 1
            }
        )
        #expect(eventually { client.answers["v2", default: 0] > 10 })
        #expect(Set(client.stop().keys) == ["v1", "v2"], "\(client.answers)")

        #expect(try Program.run("logs", "deployment/web", in: scratch).output == "v2 listens\n")
        node.signal(SIGTERM)
        #expect(try node.end().status == 0)
        #expect(node.output.contains("v2 ends"))
        #expect(processes() == 0)
        #expect(try podCount() == 0)
    }

    @Test func deletedPodsAreReplaced() throws {
        let node = try up()
        #expect(try eventually { try readyPods().count == 2 }, "\(node.errors)")
        let client = Client(of: try Scene.listener(of: node))
        let before = try readyPods()
        let name = try #require(before.min())
        let deletion = try Program.run("delete", "pod", name, in: scratch)
        #expect(deletion.output == "pod \"\(name)\" deleted from default namespace\n")
        #expect(deletion.status == 0 && deletion.errors.isEmpty, "\(deletion.errors)")
        // It is gone when the command returns.
        #expect(try !Program.run("get", "pods", in: scratch).output.contains(name))
        #expect(try eventually { try readyPods().count == 2 })
        #expect(try readyPods().intersection(before) == before.subtracting([name]))
        #expect(Set(client.stop().keys) == ["v1"], "\(client.answers)")

        // Pods are none of the objects that manifests leave out.
        let pruning = ["apply", "-f", scratch.path("web.yaml"), "--prune", "-l", "app=web"]
        let pruned = try Program(pruning, in: scratch).end()
        #expect(pruned.status == 0 && !pruned.output.contains("pod/"), "\(pruned.output)")

        let again = try Program.run("delete", "pod", name, in: scratch)
        #expect(again.status == 1 && again.errors.contains("pod \"\(name)\" not found"))
        let all = try Program.run("delete", "pods", "-l", "app=web", "--now", "--dry-run=client", in: scratch)
        #expect(all.output.split(separator: "\n").count == 2 && all.output.contains("(dry run)"))
        #expect(try readyPods().count == 2)
    }

    @Test func deploymentsAreScaledAndRestartedByWords() throws {
        let node = try up()
        #expect(try eventually { try readyPods().count == 2 }, "\(node.errors)")
        let client = Client(of: try Scene.listener(of: node))
        let status = ["rollout", "status", "deployment/web", "--timeout", "30s"]
        let done = "deployment \"web\" successfully rolled out\n"
        try Scene.succeed("scale", "deployment/web", "--replicas", "3", in: scratch)
        #expect(try Program(status, in: scratch).end().output.hasSuffix(done))
        let before = try readyPods()
        #expect(before.count == 3)
        let listed = try Program.run("get", "deployments", "--no-headers", in: scratch).output
        #expect(listed.split(separator: " ").prefix(4) == ["web", "3/3", "3", "3"], "\(listed)")

        try Scene.succeed("rollout", "restart", "deployment", "web", in: scratch)
        let restart = try Program(status, in: scratch).end()
        #expect(restart.status == 0 && restart.output.hasSuffix(done))
        #expect(restart.output.hasPrefix("Waiting for deployment \"web\" rollout to finish: "))
        #expect(try readyPods().count == 3 && readyPods().isDisjoint(with: before))
        let wide = try Program.run("get", "pods", "-o", "wide", in: scratch).output
        #expect(
            wide.split(separator: "\n").count { $0.contains(" Running ") && $0.contains(" 127.0.0.1:") } == 3,
            "\(wide)"
        )
        #expect(Set(client.stop().keys) == ["v1"], "\(client.answers)")
    }

    @Test func nothingOutlivesAKilledNode() throws {
        for _ in 0..<3 {
            let node = try up()
            #expect(try eventually { try readyPods().count == 2 }, "\(node.errors)")
            // Those of the pods before are gone.
            #expect(try FileReader.names(in: scratch.path("store/logs")).get().count == 2)
            // Two servers, and a supervisor for each.
            #expect(processes() == 4)
            node.signal(SIGKILL)
            _ = try node.end()
            #expect(eventually { processes() == 0 })
            #expect(try podCount() == 0)
        }
    }

    @Test func thereIsOneNodeForEachStore() throws {
        let node = try up()
        #expect(eventually { node.errors.contains("admin on") })
        let other = try Program.run("up", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", in: scratch)
        #expect(other.status == 1 && other.errors.contains("runs the pods of"))
    }

    @Test func detachedItEndsWithDown() throws {
        let arguments = [
            "up", "-f", try manifest(), "--detach", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0",
        ]
        #expect(try Program(arguments, in: scratch).end().status == 0)
        #expect(try eventually { try readyPods().count == 2 })
        #expect(try Program.run("down", in: scratch).status == 0)
        #expect(processes() == 0)
    }
}

/// Asks all the time, over one connection, and counts the answers.
private final class Client: Sendable {
    private let counts = Mutex<[String: Int]>([:])
    private let isOver = Mutex(false)
    private let ended = EventDescriptor()

    init(of address: String) {
        let thread = Thread(name: "client") { [self] in
            let connection = try? Loopback(to: address)
            while !isOver.withLock(\.self) {
                connection?.send("GET / HTTP/1.1\r\nhost: web\r\n\r\n")
                let answer = connection?.receive()?.body ?? "no answer"
                counts.withLock { $0[answer, default: 0] += 1 }
            }
            ended.signal()
        }
        thread?.detach()
    }

    var answers: [String: Int] { counts.withLock(\.self) }

    func stop() -> [String: Int] {
        isOver.withLock { $0 = true }
        ended.wait(milliseconds: 60_000)
        return answers
    }
}
