// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import CanaryProxy

/// How the ends of TCP connections reach the other side, the log and the metrics.
@Suite(.timeLimit(.minutes(15))) struct ConnectionEndTests {
    private let log: LoggedRequests

    init() throws {
        log = try LoggedRequests()
    }

    private func proxy(
        _ opened: OpenedPort,
        _ change: (inout ProxyConfiguration) -> Void = { _ in }
    ) throws -> TestProxy {
        try TestProxy([], resources: opened.resources) {
            log.configure(&$0)
            change(&$0)
        }
    }

    @Test func `a client's end is an end, and the destination may go on`() throws {
        let origin = try TestOrigin { connection, _ in
            #expect(connection.readToEnd() == "question")
            try connection.send("answer")
        }
        let opened = try TestProxy.openPort(of: origin)
        let proxy = try proxy(opened)
        let client = try TestConnection(to: opened.address)
        try client.send("question")
        client.finishSending()
        #expect(client.readToEnd() == "answer")
        proxy.stop()
        #expect(log.outcomes() == ["0 -"])
    }

    @Test func `a client that ended before its destination was reached is heard`() throws {
        let origin = try TestOrigin { connection, _ in try connection.send(connection.readToEnd()) }
        let opened = try TestProxy.openPort(of: origin)
        let proxy = try TestProxy([], resources: opened.resources)
        let clients = try (0..<50).map { number in
            let client = try TestConnection(to: opened.address)
            try client.send("\(number)")
            client.finishSending()
            return client
        }
        for (number, client) in clients.enumerated() { #expect(client.readToEnd() == "\(number)") }
        proxy.stop()
    }

    @Test func `the destination's end is an end, and the client may go on`() throws {
        let heard = Counter()
        let origin = try TestOrigin { connection, _ in
            try connection.send("bye")
            connection.finishSending()
            if connection.readToEnd() == "still here" { heard.next() }
        }
        let opened = try TestProxy.openPort(of: origin)
        let proxy = try proxy(opened)
        let client = try TestConnection(to: opened.address)
        #expect(client.readToEnd() == "bye")
        try client.send("still here")
        client.finishSending()
        while heard.value == 0 { sched_yield() }
        proxy.stop()
        #expect(log.outcomes() == ["0 -"])
    }

    @Test func `resets are passed on, both ways`() throws {
        let resets = Counter()
        let origin = try TestOrigin { connection, number in
            try connection.send("x")
            if number == 0 {
                _ = try connection.read(1)
                return connection.reset()
            }
            do { while true { _ = try connection.read(1) } } catch let end as TestConnection.Ended {
                if end.reason == ECONNRESET { resets.next() }
            }
        }
        let opened = try TestProxy.openPort(of: origin)
        let proxy = try proxy(opened)
        let client = try TestConnection(to: opened.address)
        #expect(try client.read(1) == Array("x".utf8))
        try client.send("y")
        let end = #expect(throws: TestConnection.Ended.self) { _ = try client.read(1) }
        #expect(end?.reason == ECONNRESET)
        do {
            let other = try TestConnection(to: opened.address)
            #expect(try other.read(1) == Array("x".utf8))
            other.reset()
        }
        while resets.value == 0 { sched_yield() }
        proxy.stop()
        #expect(log.outcomes() == ["0 UC", "0 DC"])
    }

    @Test func `the end of a drain cuts off what is still under way`() throws {
        let origin = try TestOrigin { connection, _ in
            try connection.send("x")
            _ = connection.readToEnd()
        }
        let opened = try TestProxy.openPort(of: origin)
        let proxy = try proxy(opened) { $0.drainTimeout = 50 }
        let client = try TestConnection(to: opened.address)
        #expect(try client.read(1) == Array("x".utf8))
        proxy.stop()
        let end = #expect(throws: TestConnection.Ended.self) { _ = try client.read(1) }
        #expect(end?.reason == ECONNRESET)
        #expect(log.outcomes() == ["0 DT"])
    }

    @Test func `a drain waits for connections that end by themselves`() throws {
        let origin = try TestOrigin { connection, _ in
            try connection.send("x")
            try connection.send(connection.readToEnd())
        }
        let opened = try TestProxy.openPort(of: origin)
        let proxy = try proxy(opened) { $0.drainTimeout = 3_600_000 }
        let client = try TestConnection(to: opened.address)
        #expect(try client.read(1) == Array("x".utf8))
        proxy.proxy.drain()
        try client.send("last words")
        client.finishSending()
        #expect(client.readToEnd() == "last words")
        proxy.stop()
        #expect(log.outcomes() == ["0 -"])
    }

    @Test func `metrics have Istio's names, and bytes to the last`() throws {
        let origin = try TestOrigin { connection, _ in
            try connection.send(connection.readToEnd() + "more")
        }
        let opened = try TestProxy.openPort(
            to: [("v1", origin.port)],
            tcp: TestProxy.connections([("v1", 1)])
        )
        let proxy = try proxy(opened)
        for _ in 0..<3 {
            let client = try TestConnection(to: opened.address)
            try client.send("12345")
            client.finishSending()
            #expect(client.readToEnd() == "12345more")
        }
        proxy.stop()
        let lines = PrometheusText(shared: proxy.proxy.shared).text().split(separator: "\n")
        for (name, count) in [
            ("istio_tcp_connections_opened_total", 3), ("istio_tcp_connections_closed_total", 3),
            ("istio_tcp_received_bytes_total", 15), ("istio_tcp_sent_bytes_total", 27),
        ] {
            let found = lines.filter { $0.hasPrefix(name + "{") }
            #expect(found.count == 1 && found[0].hasSuffix(" \(count)"))
            for label in ["request_protocol=\"tcp\"", "destination_version=\"v1\"", "response_flags=\"-\""] {
                #expect(found[0].contains(label))
            }
            #expect(!found[0].contains("response_code"))
        }
        #expect(!lines.contains { $0.hasPrefix("istio_requests_total{") })
    }

    @Test func `a log line tells where a connection came from and went, and what it carried`() throws {
        let origin = try TestOrigin { connection, _ in try connection.send(connection.readToEnd() + "!") }
        let opened = try TestProxy.openPort(of: origin)
        let proxy = try proxy(opened)
        let client = try TestConnection(to: opened.address)
        try client.send("12345")
        client.finishSending()
        #expect(client.readToEnd() == "12345!")
        proxy.stop()
        let line = try #require(log.lines().first)
        #expect(line.contains("] \"- - -\" 0 - 5 6 "))
        #expect(line.contains(" \"127.0.0.1\" \"-\" \"-\" \"-\" \"127.0.0.1:\(origin.port)\" "))
    }
}
