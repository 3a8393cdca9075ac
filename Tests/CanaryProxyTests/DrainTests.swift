// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization
import Testing

@testable import CanaryProxy

/// Downloads that are under way when the proxy drains.
struct DrainTests {
    /// How an answer's end is told, and how a client is told that it is cut off.
    struct Framing: Sendable, CustomTestStringConvertible {
        var name: String
        var head: String
        var first = "abc"
        var rest = "def"
        var version = 1
        /// What the client's last read gets: an end, or a reset where an end would be a proper one.
        var cutOff: Int32 = 0

        var testDescription: String { name }
    }

    static let framings = [
        Framing(name: "by length", head: "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n"),
        Framing(
            name: "chunked",
            head: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            first: "3\r\nabc\r\n",
            rest: "3\r\ndef\r\n0\r\n\r\n"
        ),
        Framing(name: "until close", head: "HTTP/1.1 200 OK\r\n\r\n"),
        Framing(
            name: "until close, for an old client",
            head: "HTTP/1.1 200 OK\r\n\r\n",
            version: 0,
            cutOff: ECONNRESET
        ),
    ]

    /// Says a half of its answer, and the other once `isAllowed` was raised.
    private static func origin(_ framing: Framing, _ isAllowed: Counter) throws -> TestOrigin {
        try TestOrigin { connection, _ in
            _ = try connection.readHead()
            try connection.send(framing.head + framing.first)
            while isAllowed.value == 0 {
                var ended = pollfd(fd: connection.descriptor, events: Int16(POLLIN), revents: 0)
                if poll(&ended, 1, 1) != 0 { return }
            }
            try connection.send(framing.rest)
        }
    }

    private static func proxy(to origin: TestOrigin, drainTimeout: Int64) throws -> (
        TestProxy, LoggedRequests
    ) {
        let log = try LoggedRequests()
        let proxy = try TestProxy(
            [("v1", origin.port)],
            configure: {
                log.configure(&$0)
                $0.drainTimeout = drainTimeout
            },
            warn: log.warn
        )
        return (proxy, log)
    }

    private static func begin(_ framing: Framing, _ proxy: TestProxy) throws -> TestConnection {
        let client = try proxy.connect()
        try client.send("GET / HTTP/1.\(framing.version)\r\nHost: app\r\n\r\n")
        _ = try client.read(until: "abc")
        return client
    }

    @Test(arguments: framings) func `a download that ends in time is whole`(framing: Framing) throws {
        let isAllowed = Counter()
        let origin = try Self.origin(framing, isAllowed)
        let (proxy, log) = try Self.proxy(to: origin, drainTimeout: 3_600_000)
        let client = try Self.begin(framing, proxy)
        proxy.proxy.drain()
        isAllowed.next()
        let rest = client.readToEnd()
        #expect(rest.contains("def"))
        proxy.stop()
        #expect(log.outcomes() == ["200 -"])
        #expect(log.warnings == [])
    }

    @Test(arguments: framings) func `a download that does not end in time is cut off, and that is told`(
        framing: Framing
    ) throws {
        let origin = try Self.origin(framing, Counter())
        let (proxy, log) = try Self.proxy(to: origin, drainTimeout: 20)
        let client = try Self.begin(framing, proxy)
        proxy.stop()
        let ended = #expect(throws: TestConnection.Ended.self) { while true { _ = try client.read(1) } }
        #expect(ended?.reason == framing.cutOff)
        #expect(log.outcomes() == ["200 DT"])
        #expect(log.warnings == ["the time for draining is over: 1 request was cut off"])
    }

    @Test func `who waits for an answer, and who is in a tunnel, is cut off too`() throws {
        let origin = try TestOrigin { connection, _ in
            let head = try connection.readHead()
            if head.field("upgrade") != nil {
                try connection.send("HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: raw\r\n\r\n")
            }
            while true { try connection.send(try connection.read(1)) }
        }
        let (proxy, log) = try Self.proxy(to: origin, drainTimeout: 20)
        let (waiting, tunnel) = (try proxy.connect(), try proxy.connect())
        try tunnel.send("GET / HTTP/1.1\r\nHost: app\r\nConnection: upgrade\r\nUpgrade: raw\r\n\r\n")
        #expect(try tunnel.readHead().status == 101)
        try waiting.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n")
        while origin.connections.load(ordering: .relaxed) < 2 { sched_yield() }
        proxy.stop()
        let reasons = [waiting, tunnel].map { client in
            #expect(throws: TestConnection.Ended.self) { _ = try client.read(1) }?.reason
        }
        #expect(reasons == [0, ECONNRESET])
        #expect(log.outcomes().sorted() == ["0 DT", "101 DT"])
        #expect(log.warnings == ["the time for draining is over: 2 requests were cut off"])
    }

    @Test func `requests that had come when draining began are answered`() throws {
        let origin = try TestOrigin(named: "v1")
        for _ in 0..<5 {
            let proxy = try TestProxy([("v1", origin.port)])
            let clients = try (0..<60).map { _ in try proxy.connect() }
            for client in clients {
                try client.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n")
                #expect(try client.readMessage().status == 200)
            }
            for client in clients { try client.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n") }
            proxy.stop()
            for client in clients { #expect(try client.readMessage().status == 200) }
        }
    }
}
