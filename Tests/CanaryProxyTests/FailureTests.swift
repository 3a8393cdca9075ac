// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryRouting
import CanarySystem
import Glibc
import Synchronization
import Testing

@testable import CanaryProxy

/// What clients see when something is missing or breaks: statuses, bodies and flags as Envoy's.
struct FailureTests {
    @Test func `unknown hosts, unmatched routes and missing endpoints have answers of their own`() throws {
        let routes: Value = [
            ["match": [["uri": ["prefix": "/host"]]], "route": [["destination": ["host": "app"]]]],
            [
                "match": [["uri": ["prefix": "/subset"]]],
                "route": [["destination": ["host": "app", "subset": "v3"]]],
            ],
        ]
        let proxy = try TestProxy([], http: routes)
        let unknown = try proxy.ask("GET / HTTP/1.1\r\nHost: nobody\r\n\r\n")
        #expect(unknown.status == 404)
        #expect(unknown.body == "")
        #expect(unknown.field("server") == "canaryctl")
        #expect(try proxy.ask().status == 404)
        let undefined = try proxy.ask("GET /subset HTTP/1.1\r\nHost: app\r\n\r\n")
        #expect(undefined.status == 503)
        #expect(undefined.body == "")
        let unhealthy = try proxy.ask("GET /host HTTP/1.1\r\nHost: app\r\n\r\n")
        #expect(unhealthy.status == 503)
        #expect(unhealthy.body == "no healthy upstream")
        #expect(flags(proxy) == ["503 NC": 1, "503 UH": 1])
    }

    @Test func `a refused connection is 503 and leaves the client's connection open`() throws {
        let proxy = try TestProxy([("v1", try TestOrigin.unusedPort())])
        let connection = try proxy.connect()
        for _ in 0..<2 {
            try connection.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n")
            let answer = try connection.readMessage()
            #expect(answer.status == 503)
            #expect(answer.body.hasPrefix("upstream connect error or disconnect/reset before headers."))
        }
        #expect(flags(proxy) == ["503 URX,UF": 2])
    }

    @Test func `another endpoint is tried when one refuses`() throws {
        let origin = try TestOrigin(named: "alive")
        let dead = try TestOrigin.unusedPort()
        let proxy = try TestProxy([("v1", dead), ("v1", origin.port)])
        for _ in 0..<20 {
            #expect(
                try proxy.ask("POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 2\r\n\r\nhi").body == "alive"
            )
        }
    }

    @Test func `a pooled connection that closed is replaced for a safe request`() throws {
        let origin = try TestOrigin { connection, number in
            _ = try connection.readMessage()
            try connection.send(TestOrigin.response("\(number)"))
            // The first connection dies exactly when the next request arrives on it.
            if number == 0 { _ = try connection.read(1) } else { _ = try connection.readMessage() }
        }
        let proxy = try TestProxy([("v1", origin.port)])
        let connection = try proxy.connect()
        for expected in ["0", "1"] {
            try connection.send("PUT / HTTP/1.1\r\nHost: app\r\nContent-Length: 5\r\n\r\nhello")
            #expect(try connection.readMessage().body == expected)
        }
    }

    @Test func `a retry behind a replaced connection uses one that rests`() throws {
        let (arrived, later) = (Counter(), Counter())
        let origin = try TestOrigin { connection, number in
            _ = try connection.readMessage()
            guard number < 2 else {
                return try connection.send(TestOrigin.response("", status: "503 No"))
            }
            // Both are under way at once, so that both rest afterwards.
            _ = arrived.next()
            while arrived.value < 2 { sched_yield() }
            try connection.send(TestOrigin.response("first"))
            _ = try connection.readMessage()
            // The one that is used next had been closed, the other had not.
            if later.next() > 0 { try connection.send(TestOrigin.response("rested")) }
        }
        let proxy = try TestProxy(
            [("v1", origin.port)],
            http: [
                ["route": [["destination": ["host": "app"]]], "retries": ["attempts": 1, "retryOn": "5xx"]]
            ]
        ) { $0.workers = 1 }
        let clients = [try proxy.connect(), try proxy.connect()]
        for client in clients { try client.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n") }
        for client in clients { #expect(try client.readMessage().body == "first") }
        #expect(try proxy.ask().body == "rested")
        #expect(origin.connections.load(ordering: .relaxed) == 3)
    }

    @Test func `a request that may have been processed is not sent twice`() throws {
        let origin = try TestOrigin { connection, _ in
            _ = try connection.readMessage()
            try connection.send(TestOrigin.response("first"))
            _ = try connection.readMessage()
        }
        let proxy = try TestProxy([("v1", origin.port)])
        let connection = try proxy.connect()
        try connection.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n")
        #expect(try connection.readMessage().body == "first")
        try connection.send("POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 0\r\n\r\n")
        #expect(try connection.readMessage().status == 503)
        #expect(flags(proxy)["503 UC"] == 1)
    }

    @Test func `a fresh connection that ends without an answer is 503`() throws {
        let origin = try TestOrigin { connection, _ in _ = try connection.readHead() }
        let proxy = try TestProxy([("v1", origin.port)])
        #expect(try proxy.ask().status == 503)
        #expect(origin.connections.load(ordering: .relaxed) == 1)
    }

    @Test func `a broken answer is 502, half an answer a broken connection`() throws {
        for bad in ["HTTP/1.1 200 OK\nbad\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello"] {
            let origin = try TestOrigin { _ in bad }
            let proxy = try TestProxy([("v1", origin.port)])
            #expect(try proxy.ask().status == 502)
        }
        let origin = try TestOrigin { connection, _ in
            _ = try connection.readHead()
            try connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        }
        let proxy = try TestProxy([("v1", origin.port)])
        let connection = try proxy.connect()
        try connection.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n")
        #expect(try connection.readHead().status == 200)
        #expect(connection.readToEnd() == "half")
    }

    @Test func `the route's timeout is 504`() throws {
        let origin = try TestOrigin { connection, _ in
            _ = try connection.readHead()
            _ = try connection.read(1)
        }
        let proxy = try TestProxy([("v1", origin.port)], http: TestProxy.route("v1", [("timeout", "50ms")]))
        let answer = try proxy.ask()
        #expect(answer.status == 504)
        #expect(answer.body == "upstream request timeout")
        #expect(flags(proxy) == ["504 UT": 1])
    }

    @Test func `the route's retries are made, and no more`() throws {
        let counter = Counter()
        let origin = try TestOrigin { _ in
            counter.next() < 2
                ? TestOrigin.response("no", status: "500 Internal Server Error") : TestOrigin.response("yes")
        }
        let policy: Value = ["attempts": 2, "retryOn": "5xx", "backoff": "1ms"]
        let proxy = try TestProxy([("v1", origin.port)], http: TestProxy.route("v1", [("retries", policy)]))
        #expect(try proxy.ask("POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 2\r\n\r\nhi").body == "yes")
        #expect(counter.value == 3)
        counter.reset(to: -100)
        #expect(try proxy.ask().status == 500)
        #expect(counter.value == -97)
    }

    @Test func `a try that takes too long is repeated`() throws {
        let origin = try TestOrigin { connection, number in
            _ = try connection.readMessage()
            if number == 0 { _ = try connection.read(1) }
            try connection.send(TestOrigin.response("\(number)"))
        }
        let policy: Value = ["attempts": 1, "perTryTimeout": "50ms", "retryOn": "5xx", "backoff": "1ms"]
        let proxy = try TestProxy([("v1", origin.port)], http: TestProxy.route("v1", [("retries", policy)]))
        #expect(try proxy.ask().body == "1")
    }

    @Test func `a head that does not come is 408, a body that stalls too, and silence a close`() throws {
        let origin = try TestOrigin(named: "v1")
        let proxy = try TestProxy([("v1", origin.port)]) {
            $0.limits.headTimeout = 50
            $0.limits.idleTimeout = 50
            $0.limits.stallTimeout = 50
        }
        #expect(try proxy.ask("GET / HT").status == 408)
        #expect(try proxy.ask("POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 5\r\n\r\nhe").status == 408)
        let connection = try proxy.connect()
        try connection.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n")
        #expect(try connection.readMessage().body == "v1")
        #expect(connection.isEnded())
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\nHost: app\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        ("GET / HTTP/3.0\r\n\r\n", 505),
        ("POST / HTTP/1.1\r\nHost: app\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        ("GET /\(String(repeating: "a", count: 40_000)) HTTP/1.1\r\nHost: app\r\n\r\n", 414),
        ("GET / HTTP/1.1\r\nHost: app\r\nA: \(String(repeating: "a", count: 70_000))\r\n\r\n", 431),
        ("GET / HTTP/1.1\r\nHost: app\r\n\(String(repeating: "A: b\r\n", count: 100))\r\n", 431),
        ("POST / HTTP/1.1\r\nHost: app\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: app\r\nExpect: magic\r\nContent-Length: 1\r\n\r\n", 417),
    ])
    func `what breaks the protocol is refused, and nothing behind it is read`(request: String, status: Int)
        throws
    {
        let origin = try TestOrigin { _ in TestOrigin.response("smuggled") }
        let proxy = try TestProxy([("v1", origin.port)])
        let connection = try proxy.connect()
        try? connection.send(request + "GET /smuggled HTTP/1.1\r\nHost: app\r\n\r\n")
        let answer = try connection.readMessage()
        #expect(answer.status == status)
        #expect(answer.field("connection") == "close")
        #expect(connection.isEnded())
    }

    @Test func `a bad head is refused in pieces too, and so is a bad answer`() throws {
        let origin = try TestOrigin { connection, number in
            while true {
                _ = try connection.readMessage()
                let answer = number == 0 ? "HTTP/1.1 200 OK\nbad" : TestOrigin.response("v\(number)")
                for byte in answer.utf8 { try connection.send([byte]) }
            }
        }
        let proxy = try TestProxy([("v1", origin.port)])
        let connection = try proxy.connect()
        for byte in "GET / HTTP/1.1\r\nHost : app\r\n\r\n".utf8 { try? connection.send([byte]) }
        #expect(try connection.readMessage().status == 400)
        #expect(connection.isEnded())
        #expect(try proxy.ask().status == 502)
        let other = try proxy.connect()
        for _ in 0..<3 {
            try other.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n")
            #expect(try other.readMessage().body == "v1")
        }
    }

    @Test func `a client that does not read gets its answer in the end`() throws {
        let size = 2 << 20
        let origin = try TestOrigin { connection, _ in
            _ = try connection.readHead()
            try connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n")
            try connection.send([UInt8](repeating: 1, count: size))
        }
        let proxy = try TestProxy([("v1", origin.port)])
        let slow = try TestConnection(to: proxy.address, receiveBuffer: 4096)
        try slow.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n")
        let head = try slow.readHead()
        #expect(head.field("content-length") == "\(size)")
        var received = 0
        while received < size { received += try slow.read(min(65_536, size - received)).count }
        #expect(received == size)
    }

    /// In a process of its own, whose memory nobody else takes.
    @Test func `who does not read holds little memory`() async {
        await #expect(processExitsWith: .success) {
            // More than the kernel holds of it on its way.
            let (piece, count) = ([UInt8](repeating: 1, count: 1 << 20), 64)
            let sent = Counter()
            let origin = try TestOrigin { connection, _ in
                _ = try connection.readHead()
                try connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(count << 20)\r\n\r\n")
                for _ in 0..<count {
                    try connection.send(piece)
                    sent.next()
                }
            }
            let proxy = try TestProxy([("v1", origin.port)])
            #expect(try proxy.ask("GET / HTTP/1.1\r\nHost: nobody\r\n\r\n").status == 404)
            let before = try peakMemory()
            let client = try TestConnection(to: proxy.address, receiveBuffer: 4096)
            try client.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n")
            #expect(try client.readHead().status == 200)
            // Until the upstream gets rid of no more: a proxy that took all would hold it by then.
            var last = -1
            while last != sent.value {
                last = sent.value
                usleep(200_000)
            }
            #expect(last < count)
            #expect(try peakMemory() - before < 16 << 20)
        }
    }

    @Test func `clients that break off do no harm`() throws {
        let origin = try TestOrigin { connection, _ in
            while true {
                _ = try connection.readHead()
                try connection.send(TestOrigin.response("v1"))
            }
        }
        let proxy = try TestProxy([("v1", origin.port)])
        for index in 0..<30 {
            let connection = try proxy.connect()
            try? connection.send(
                [
                    "GET /", "GET / HTTP/1.1\r\nHost: app\r\n\r\n",
                    "POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 9\r\n\r\nab",
                ][
                    index % 3
                ]
            )
            if index % 2 == 0 { connection.reset() }
        }
        #expect(try proxy.ask().body == "v1")
    }

    @Test func `a client that finished sending is still answered`() throws {
        let origin = try TestOrigin(named: "v1")
        let proxy = try TestProxy([("v1", origin.port)])
        let connection = try proxy.connect()
        try connection.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n")
        connection.finishSending()
        #expect(try connection.readMessage().body == "v1")
        #expect(connection.isEnded())
    }

    /// Answers by status and flag, when the proxy has ended and nothing is under way.
    private func flags(_ proxy: TestProxy) -> [String: UInt64] {
        proxy.stop()
        var all: [String: UInt64] = [:]
        for item in proxy.proxy.evidence().items {
            for (answer, count) in item.evidence.answers {
                all["\(answer.status) \(answer.flag)", default: 0] += count
            }
        }
        return all
    }
}

/// The most memory that the process has held so far, in bytes: `VmHWM` of proc(5).
private func peakMemory() throws -> Int {
    let status = String(decoding: try FileReader.read(path: "/proc/self/status").get(), as: UTF8.self)
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
    return try #require(Int(line.split(separator: " ").dropFirst(1).first ?? "")) << 10
}
