// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryCLI

/// Processes that take over from each other while clients of all kinds ask, none of which notices.
///
/// `CANARYCTL_HAND_OVERS` is how many there are.
@Suite(
    .timeLimit(.minutes(60)),
    .enabled(
        if: hasPrograms("python3", "curl", "openssl"),
        "the clients and servers need python3, curl and openssl"
    )
)
struct HandOverLoadTests {
    private static let count = getenv("CANARYCTL_HAND_OVERS").flatMap { Int(String(cString: $0)) } ?? 5
    private static let pieces = 20

    @Test func `no request fails, whoever asks, while processes take over from each other`() throws {
        let scene = try HandOverScene("--drain-timeout", "10m")
        let downloads = try Program(
            ["python3", "\(Scene.root)/examples/handover/serve", "0", "\(Self.pieces)"],
            in: scene.scratch,
            executable: "/usr/bin/env"
        )
        let (port, certificate) = try scene.serveTLS()
        #expect(eventually { downloads.output.contains(" on ") }, "\(downloads.errors)")
        let origin = try #require(downloads.output.split(whereSeparator: \.isWhitespace).last)
        try scene.serveFiles(of: String(origin))
        let clients = [
            try Clients(at: scene.address, clients: 3),
            // They rest for so long that the process ends that they are connected with.
            try Clients(at: scene.address, clients: 8, pause: 700),
            try Clients(at: scene.address, clients: 2, pause: 5, connectsEachTime: true),
        ]
        let secure = ["--cacert", certificate, "--resolve", "hello.example.com:\(port):127.0.0.1"]
        let secureURL = "https://hello.example.com:\(port)/[1-100]"
        let curls = [
            CurlLoad(expecting: "200 2 2", secure + ["--http2", secureURL], in: scene.scratch),
            CurlLoad(expecting: "200 1.1 2", secure + ["--http1.1", secureURL], in: scene.scratch),
            // Ten streams at a time.
            CurlLoad(
                expecting: "200 2 2",
                secure + ["--http2", "-Z", "--parallel-max", "10", "--parallel-immediate", secureURL],
                in: scene.scratch
            ),
            CurlLoad(
                expecting: "200 1.1 \(Self.pieces * 1000)",
                ["-H", "host: files", "http://\(scene.address)/"],
                in: scene.scratch
            ),
        ]
        var pid = scene.first.pid
        for _ in 0..<Self.count { pid = try scene.replace(pid) }
        curls.forEach { $0.end() }
        clients.forEach { $0.end() }
        for load in curls {
            #expect(load.failures.isEmpty && load.requests > 0, "\(load.failures.prefix(5))")
        }
        for load in clients {
            #expect(
                load.failures == 0 && load.lost == 0 && load.requests > 0,
                "\(load.lost) lost; \(load.bodies)"
            )
        }
        let counts = (clients.map { Int($0.requests) } + curls.map(\.requests)).map(String.init)
        print("\(Self.count) hand-overs: \(counts.joined(separator: ", ")) requests answered, none failed")
        // Every process has handed in what it counted.
        let total = NumberText.grouped(clients.map(\.requests).reduce(0, +))
        #expect(
            try eventually {
                try Program.run("describe", "helloworld", in: scene.scratch).output.contains(
                    "(\(total) requests "
                )
            },
            "\(total)"
        )
        // Each has ended in order, but the last.
        #expect(eventually { (try? scene.first.end().status) == 0 })
        #expect(try scene.serving() == [pid])
        downloads.signal(SIGTERM)
    }
}
