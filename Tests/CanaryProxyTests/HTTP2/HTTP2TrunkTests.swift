// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryRouting
import Glibc
import Synchronization
import Testing

@testable import CanaryProxy

/// Connections of HTTP/2 to endpoints: how many there are, who gets a stream of one, and when they go.
@Suite(.timeLimit(.minutes(15))) struct HTTP2TrunkTests {
    /// A proxy with one worker, whose destination speaks HTTP/2 and has limits.
    private static func proxy(
        _ origin: TestOrigin,
        tcp: Value = [:],
        http: [(String, Value)] = [],
        configure: (inout ProxyConfiguration) -> Void = { _ in }
    ) throws -> TestProxy {
        let pool: Value = ["tcp": tcp, "http": .object([("h2UpgradePolicy", "UPGRADE")] + http)]
        return try TestProxy(
            [("v1", origin.port)],
            resources: [RoutedScene.policy([("connectionPool", pool)])]
        ) {
            $0.workers = 1
            configure(&$0)
        }
    }

    private static func waitUntil(_ isTrue: () -> Bool) {
        for _ in 0..<12_000 where !isTrue() { poll(nil, 0, 5) }
        #expect(isTrue())
    }

    @Test func `an answer that ends with its head is over for clients of HTTP/1, too`() throws {
        let origin = try TestOrigin { connection, _ in
            let peer = try FramePeer(of: connection)
            while true { try peer.send(.headers(try peer.nextStream(), [(":status", "200"), ("x-a", "b")])) }
        }
        let proxy = try Self.proxy(origin)
        let client = try proxy.connect()
        for method in ["GET", "HEAD", "GET"] {
            try client.send("\(method) / HTTP/1.1\r\nHost: app\r\n\r\n")
            let answer = try client.readHead()
            #expect(answer.fields == ["x-a: b"] + (method == "GET" ? ["content-length: 0"] : []))
        }
        let frames = try FramePeer(to: proxy.address)
        try frames.send(.headers(1, Frame.request()))
        #expect(try frames.answer(1).heads.last == [":status: 200", "x-a: b"])
    }

    // MARK: - Who gets a stream

    @Test func `an endpoint that allows no streams gets no connection for each request`() throws {
        let gate = Counter()
        let origin = try TestOrigin { connection, _ in
            let peer = try FramePeer(of: connection, settings: [(3, 0)])
            try peer.send(.headers(try peer.nextStream(), [(":status", "204")]))
            while gate.value == 0 { poll(nil, 0, 5) }
            try peer.send(.settings([(3, 100)]))
            while true { try peer.send(.headers(try peer.nextStream(), [(":status", "204")])) }
        }
        let proxy = try Self.proxy(origin)
        let client = try FramePeer(to: proxy.address)
        // From here on the proxy knows the settings.
        try client.send(.headers(1, Frame.request()))
        #expect(try client.answer(1).status == "204")
        for stream: UInt32 in [3, 5, 7] { try client.send(.headers(stream, Frame.request())) }
        #expect(try client.isAlive())
        gate.next()
        for stream: UInt32 in [3, 5, 7] { #expect(try client.answer(stream).status == "204") }
        #expect(origin.connections.load(ordering: .relaxed) == 1)
    }

    @Test func `what replaces a connection that had been closed is none of those that rest beside it`() throws
    {
        let gate = Counter()
        let gone = Counter()
        let origin = try TestOrigin { connection, number in
            let peer = try FramePeer(of: connection, settings: [(3, 1)])
            while true {
                let stream = try peer.nextStream()
                let head = peer.soFar(stream).heads[0]
                if number < 2, head.contains(":path: /gone") {
                    gone.next()
                    return
                }
                while head.contains(":path: /held"), gate.value == 0 { poll(nil, 0, 5) }
                try peer.send(.headers(stream, [(":status", "204")]))
            }
        }
        let proxy = try Self.proxy(origin)
        let client = try FramePeer(to: proxy.address)
        try client.send(.headers(1, Frame.request()))
        #expect(try client.answer(1).status == "204")
        for stream: UInt32 in [3, 5] { try client.send(.headers(stream, Frame.request(path: "/held"))) }
        Self.waitUntil { origin.connections.load(ordering: .relaxed) == 2 }
        gate.next()
        for stream: UInt32 in [3, 5] { #expect(try client.answer(stream).status == "204") }
        try client.send(.headers(7, Frame.request(path: "/gone")))
        #expect(try client.answer(7).status == "204")
        #expect(gone.value == 1)
    }

    // MARK: - Limits

    @Test
    func `requests wait for a stream where there may be no more connections, and are refused beyond that`()
        throws
    {
        let gate = Counter()
        let origin = try TestOrigin(settings: [(3, 1)]) { peer, stream in
            if peer.soFar(stream).heads[0].contains(":path: /held") {
                while gate.value == 0 { poll(nil, 0, 5) }
            }
            try peer.send(.headers(stream, [(":status", "204")]))
        }
        let proxy = try Self.proxy(
            origin,
            tcp: ["maxConnections": 1],
            http: [("http1MaxPendingRequests", 2)]
        )
        let client = try FramePeer(to: proxy.address)
        try client.send(.headers(1, Frame.request()))
        #expect(try client.answer(1).status == "204")
        for stream: UInt32 in [3, 5, 7] { try client.send(.headers(stream, Frame.request(path: "/held"))) }
        try client.send(.headers(9, Frame.request()))
        let refused = try client.answer(9)
        #expect(refused.status == "503" && refused.heads[0].contains("x-envoy-overloaded: true"))
        gate.next()
        for stream: UInt32 in [3, 5, 7] { #expect(try client.answer(stream).status == "204") }
        #expect(origin.connections.load(ordering: .relaxed) == 1)
        let use = try #require(proxy.identifiers.sharedClusters.first { $0.name.contains("app") }).use
        Self.waitUntil { use.now.requests == 0 && use.now.pendingRequests == 0 && use.now.connections == 1 }
    }

    @Test func `those who wait for a stream get all that there is room for`() throws {
        let gate = Counter()
        let origin = try TestOrigin { connection, _ in
            let peer = try FramePeer(of: connection, settings: [(3, 1)])
            try peer.send(.headers(try peer.nextStream(), [(":status", "204")]))
            let held = try peer.nextStream()
            while gate.value == 0 { poll(nil, 0, 5) }
            try peer.send(.settings([(3, 4)]))
            // All of them are under way at once.
            let others = try (0..<3).map { _ in try peer.nextStream() }
            for stream in others + [held] { try peer.send(.headers(stream, [(":status", "204")])) }
            _ = peer.end()
        }
        let proxy = try Self.proxy(origin, tcp: ["maxConnections": 1])
        let client = try FramePeer(to: proxy.address)
        try client.send(.headers(1, Frame.request()))
        #expect(try client.answer(1).status == "204")
        for stream: UInt32 in [3, 5, 7, 9] { try client.send(.headers(stream, Frame.request())) }
        #expect(try client.isAlive())
        gate.next()
        for stream: UInt32 in [3, 5, 7, 9] { #expect(try client.answer(stream).status == "204") }
        #expect(origin.connections.load(ordering: .relaxed) == 1)
    }

    @Test func `there are no more requests at once than the limit says`() throws {
        let gate = Counter()
        let origin = try TestOrigin { peer, stream in
            while gate.value == 0 { poll(nil, 0, 5) }
            try peer.send(.headers(stream, [(":status", "204")]))
        }
        let proxy = try Self.proxy(origin, http: [("http2MaxRequests", 2)])
        let client = try FramePeer(to: proxy.address)
        for stream: UInt32 in [1, 3] { try client.send(.headers(stream, Frame.request())) }
        let use = try #require(proxy.identifiers.sharedClusters.first { $0.name.contains("app") }).use
        Self.waitUntil { use.now.requests == 2 }
        try client.send(.headers(5, Frame.request()))
        #expect(try client.answer(5).status == "503")
        gate.next()
        for stream: UInt32 in [1, 3] { #expect(try client.answer(stream).status == "204") }
    }

    // MARK: - Ends

    @Test func `a proxy that ends closes connections that take no more streams, too`() throws {
        let begun = Counter()
        let ended = Counter()
        let origin = try TestOrigin { connection, _ in
            let peer = try FramePeer(of: connection)
            _ = try peer.nextStream()
            begun.next()
            _ = peer.end()
            // Else it was silent for so long that nothing more was waited for.
            if connection.isEnded() { ended.next() }
        }
        let proxy = try Self.proxy(origin, http: [("maxRequestsPerConnection", 1)]) { $0.drainTimeout = 10 }
        let client = try FramePeer(to: proxy.address)
        try client.send(.headers(1, Frame.request()))
        Self.waitUntil { begun.value == 1 }
        proxy.stop()
        Self.waitUntil { ended.value == 1 }
    }
}
