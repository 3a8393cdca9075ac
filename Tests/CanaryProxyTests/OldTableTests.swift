// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryRouting
import Glibc
import Testing

@testable import CanaryProxy

/// What lasts for long does not keep the tables that it began with.
struct OldTableTests {
    private struct Installed {
        weak var table: RoutingTable?
    }

    private static let upgrade = "GET / HTTP/1.1\r\nHost: app\r\nConnection: upgrade\r\nUpgrade: raw\r\n\r\n"

    /// Installs a table and waits until it is served.
    private func install(
        _ revision: Int64,
        _ proxy: TestProxy,
        _ origin: TestOrigin,
        _ resources: [Resource] = []
    ) -> Installed {
        let table = TestProxy.table(
            [("v1", origin.port)],
            nil,
            resources,
            proxy.identifiers,
            revision: revision
        )
        proxy.proxy.install(table)
        #expect(proxy.proxy.waitUntilServed(milliseconds: 60_000))
        return Installed(table: table)
    }

    @Test(.timeLimit(.minutes(10))) func `nobody waits for a proxy that has ended`() throws {
        let origin = try TestOrigin { _, _ in }
        let proxy = try TestProxy([("v1", origin.port)])
        proxy.stop()
        proxy.proxy.install(TestProxy.table([("v1", origin.port)], nil, [], proxy.identifiers, revision: 2))
        // It would wait for an hour.
        #expect(!proxy.proxy.waitUntilServed(milliseconds: 3_600_000))
    }

    @Test func `switched protocols keep no table`() throws {
        let origin = try TestOrigin { connection, _ in
            _ = try connection.readHead()
            try connection.send("HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: raw\r\n\r\n")
            while true { try connection.send(connection.read(1)) }
        }
        let proxy = try TestProxy([("v1", origin.port)])
        var tables: [Installed] = []
        var clients: [TestConnection] = []
        for revision in 2...6 {
            tables.append(install(Int64(revision), proxy, origin))
            let client = try proxy.connect()
            try client.send(Self.upgrade)
            #expect(try client.readHead().status == 101)
            clients.append(client)
        }
        #expect(tables.map { $0.table?.revision } == [nil, nil, nil, nil, 6])
        for client in clients {
            try client.send("1")
            #expect(try client.read(1) == Array("1".utf8))
        }
        clients = []
        #expect(proxy.answers() == ["101 -": 5])
    }

    @Test func `a request that ends late keeps no other worker's connections to an endpoint that has left`()
        throws
    {
        let isAllowed = Counter()
        let open = Counter()
        let closed = Counter()
        let leaving = try TestOrigin { connection, _ in
            open.next()
            defer { closed.next() }
            while true {
                if try connection.readHead().startLine.contains("slow") {
                    for _ in 0..<12_000 where isAllowed.value == 0 { poll(nil, 0, 5) }
                }
                try connection.send(TestOrigin.response("v1"))
            }
        }
        let proxy = try TestProxy([("v1", leaving.port)]) {
            $0.workers = 2
            $0.sweepDelay = 5
        }
        let slow = try proxy.connect()
        try slow.send("GET /slow HTTP/1.1\r\nHost: app\r\n\r\n")
        // So many that each worker has some.
        let clients = try (0..<32).map { _ in try proxy.connect() }
        for client in clients { try client.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n") }
        for client in clients { #expect(try client.readMessage().body == "v1") }
        let other = try TestOrigin(named: "v2")
        _ = install(2, proxy, other)
        // Both workers have looked for what has left, and the slow request has kept it.
        for client in clients {
            try client.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n")
            #expect(try client.readMessage().body == "v2")
            poll(nil, 0, 5)
        }
        isAllowed.next()
        #expect(try slow.readMessage().body == "v1")
        for _ in 0..<12_000 where closed.value < open.value { poll(nil, 0, 5) }
        #expect(closed.value == open.value)
    }

    @Test func `TCP connections keep no table`() throws {
        let origin = try TestOrigin { connection, _ in
            while true { try connection.send(connection.read(1)) }
        }
        let port = try TestProxy.openPort(of: origin)
        let proxy = try TestProxy([], resources: port.resources)
        var tables: [Installed] = []
        var clients: [TestConnection] = []
        for revision in 2...6 {
            tables.append(install(Int64(revision), proxy, origin, port.resources))
            let client = try TestConnection(to: port.address)
            try client.send("1")
            #expect(try client.read(1) == Array("1".utf8))
            clients.append(client)
        }
        #expect(tables.map { $0.table?.revision } == [nil, nil, nil, nil, 6])
        for client in clients {
            try client.send("2")
            #expect(try client.read(1) == Array("2".utf8))
        }
    }

    @Test func `an answer that goes on keeps no old table`() throws {
        let asked = Counter()
        let origin = try TestOrigin { connection, _ in
            _ = try connection.readHead()
            try connection.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n1")
            while asked.value == 0 { sched_yield() }
            try connection.send("2")
            while asked.value == 1 { sched_yield() }
            try connection.send("3")
        }
        let proxy = try TestProxy([("v1", origin.port)])
        let first = install(2, proxy, origin)
        let client = try proxy.connect()
        try client.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n")
        _ = try client.readHead()
        #expect(try client.read(1) == Array("1".utf8))
        let second = install(3, proxy, origin)
        #expect(first.table != nil)
        asked.next()
        #expect(try client.read(1) == Array("2".utf8))
        while first.table != nil { sched_yield() }
        #expect(second.table != nil)
        // It is gone before the answer has ended.
        asked.next()
        #expect(try client.read(1) == Array("3".utf8))
    }
}
