// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import Synchronization
import Testing

@testable import CanaryProxy

/// Whatever is made of a request, in headers, targets and log lines, is made of that request's own bytes: however many others
/// the worker parses, rewrites and answers in between, and whatever buffers it uses again.
struct OwnBytesTests {
    private static let requestEdits: Value = [
        "request": [
            "set": [
                "x-path": "%REQ(:path)%", "x-authority": "%REQ(:authority)%", "x-method": "%REQ(:method)%",
                "x-agent": "%REQ(user-agent)%",
            ]
        ]
    ]
    private static let bothEdits: Value = [
        "request": [
            "set": ["x-path": "%REQ(:path)%", "x-agent": "%REQ(user-agent)%"]
        ],
        "response": [
            "set": ["x-original": "%REQ(user-agent)%", "x-sent": "%REQ(:path)%", "x-peer": "%UPSTREAM_HOST%"]
        ],
    ]

    /// Escaping used to overwrite the path that headers were made of.
    @Test(arguments: [1, 20, 3000])
    func `a rewrite that is escaped leaves the path alone`(repeats: Int) throws {
        let origin = try TestOrigin { request in
            TestOrigin.response(
                request.startLine + "\n" + (request.field("x-path") ?? "-") + "\n"
                    + (request.field("x-agent") ?? "-")
            )
        }
        let rewrite = String(repeating: "a b\u{e4}", count: repeats)
        let route = TestProxy.route(
            "v1",
            [("rewrite", ["uri": .text("/\(rewrite)")]), ("headers", Self.requestEdits)]
        )
        let proxy = try TestProxy([("v1", origin.port)], http: route)
        let path = "/" + String(repeating: "p", count: 900)
        let answer = try proxy.ask(
            "GET \(path)?q=1 HTTP/1.1\r\nHost: app\r\nUser-Agent: me\r\n\r\n"
        )
        let lines = answer.body.split(separator: "\n")
        let escaped = String(repeating: "a%20b%c3%a4", count: repeats)
        #expect(lines == ["GET /\(escaped)\(path.dropFirst())?q=1 HTTP/1.1", "\(path)?q=1", "me"])
    }

    /// Every client marks its requests; every answer and every header an origin sees must carry one mark only. First tries
    /// fail now and then, so that heads are written again later, from what was kept.
    @Test func `requests of many clients never mix`() throws {
        let failures = Atomic<Int>(0)
        let origin = try TestOrigin { request in
            let mark = request.field("user-agent") ?? ""
            let isWhole =
                request.startLine.contains("/\(mark)/")
                && request.field("x-path")?.contains("/\(mark)/") == true
            guard isWhole, request.field("x-agent") == mark else {
                return TestOrigin.response("mixed", status: "418 Mixed")
            }
            let number = failures.add(1, ordering: .relaxed).oldValue
            return number % 5 == 0 ? TestOrigin.response("", status: "503 Later") : TestOrigin.response(mark)
        }
        let route = TestProxy.route(
            "v1",
            [
                ("match", [["uri": ["prefix": "/in/"]]]), ("rewrite", ["uri": "/out \u{e4}/"]),
                ("headers", Self.bothEdits),
                ("retries", ["attempts": 9, "retryOn": "5xx", "backoff": "1ms"]),
            ]
        )
        let proxy = try TestProxy([("v1", origin.port)], http: route)
        let address = proxy.address
        let report = Report()
        let clients = (0..<8).compactMap { client in
            Thread(name: "client") {
                do {
                    try Self.ask(from: client, TestConnection(to: address), report)
                } catch {
                    report.add("client \(client): \(error)")
                }
            }
        }
        for client in clients { client.join() }
        #expect(clients.count == 8)
        #expect(report.lines == [])
    }

    private final class Report: Sendable {
        private let all = Mutex<[String]>([])

        var lines: [String] { all.withLock { $0 } }

        func add(_ line: String) { all.withLock { $0.append(line) } }
    }

    private static func ask(
        from client: Int,
        _ connection: TestConnection,
        _ report: Report
    ) throws {
        for round in 0..<20 {
            let marks = (0..<4).map {
                "c\(client)r\(round)n\($0)" + String(repeating: "x", count: (client * 97 + $0 * 311) % 900)
            }
            // Pipelined, so that heads lie behind one another in one buffer.
            let requests = marks.map {
                "GET /in/\($0)/?\($0) HTTP/1.1\r\nHost: app\r\nUser-Agent: \($0)\r\n\r\n"
            }
            try connection.send(requests.joined())
            for mark in marks {
                let answer = try connection.readMessage()
                let isOwn =
                    answer.status == 200 && answer.body == mark && answer.field("x-original") == mark
                    && answer.field("x-sent") == "/out \u{e4}/\(mark)/?\(mark)"
                if !isOwn { report.add("\(mark.prefix(12)): \(answer.startLine) \(answer.fields)") }
            }
        }
    }
}
