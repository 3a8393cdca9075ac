// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CanaryTestSupport
import Glibc
import Synchronization
import Testing

@testable import CanaryCLI

/// A node with servers that answer with their version: what its tests have in common.
protocol NodeScene {
    var scratch: ScratchDirectory { get }
}

extension NodeScene {
    /// With the server that the pods run.
    static func makeScratch() throws -> ScratchDirectory {
        let scratch = try ScratchDirectory()
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
        return scratch
    }

    func manifest(_ version: String = "v1", replicas: Int = 2) throws -> String {
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

    func up() throws -> Program {
        try Program(
            [
                "up", "-f", try manifest(), "--workers", "1", "--listen", "127.0.0.1:0", "--admin",
                "127.0.0.1:0",
            ],
            in: scratch
        )
    }

    /// The pods that `get` lists as running and ready.
    func readyPods() throws -> Set<String> {
        let lines = try Program.run("get", "pods", in: scratch).output.split(separator: "\n")
        return Set(
            lines.filter { $0.contains(" 1/1 ") && $0.contains(" Running ") }.compactMap {
                $0.split(separator: " ").first.map(String.init)
            }
        )
    }

    func podCount() throws -> Int {
        max(0, try Program.run("get", "pods", in: scratch).output.split(separator: "\n").count - 1)
    }

    func processes() -> Int {
        ((try? FileReader.names(in: "/proc").get()) ?? []).count { name in
            guard Int32(name) != nil, let bytes = try? FileReader.read(path: "/proc/\(name)/cmdline").get()
            else {
                return false
            }
            return String(decoding: bytes, as: UTF8.self).contains(scratch.path("server.py"))
        }
    }
}

/// Asks all the time, over one connection, and counts the answers.
final class Client: Sendable {
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
