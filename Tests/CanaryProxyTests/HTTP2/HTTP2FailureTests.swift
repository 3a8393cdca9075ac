// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources
import CLinux
import Glibc
import Testing

@testable import CanaryProxy

/// Streams that end otherwise than they should, and those that only seem to.
struct HTTP2FailureTests {
    @Test func `every stream of many gets its early answer before it is told to keep the rest`() throws {
        let origin = try TestOrigin(named: "v1")
        // Longer than what a head can refer to of the ones before.
        let long = String(repeating: "a", count: 5000)
        let answer: Value = [
            [
                "directResponse": ["status": 413],
                "headers": ["response": ["set": ["x-long": .text(long)]]],
            ]
        ]
        let proxy = try TestProxy([("v1", origin.port)], http: answer) { $0.workers = 1 }
        let client = try FramePeer(to: proxy.address)
        // All of them are read at once; what they are answered is more than is written at once.
        let streams = (0..<100).map { UInt32($0 * 2 + 1) }
        try client.connection.send(
            streams.flatMap { Frame.headers($0, Frame.request(method: "POST"), ends: false).bytes }
        )
        for stream in streams {
            #expect(try client.answer(stream).status == "413", "\(stream)")
            while client.soFar(stream).reset == nil { try client.step() }
            #expect(client.soFar(stream).reset == 0)
        }
        #expect(try client.isAlive())
    }

    @Test func `an answer of the proxy's own waits for a short body, and no longer than a moment`() throws {
        let origin = try TestOrigin(named: "v1")
        let proxy = try TestProxy([("v1", origin.port)], http: [["directResponse": ["status": 404]]]) {
            $0.limits.lingerTimeout = 100
        }
        let client = try FramePeer(to: proxy.address)
        let post = Frame.request([("content-length", "5")], method: "POST")
        try client.send(.headers(1, post, ends: false))
        #expect(try client.isAlive())
        try client.send(.data(1, Array("hello".utf8), ends: true))
        #expect(try client.answer(1).status == "404")
        #expect(try client.isAlive())
        #expect(client.soFar(1).reset == nil)
        try client.send(.headers(3, post, ends: false))
        #expect(try client.answer(3).status == "404")
        while client.soFar(3).reset == nil { try client.step() }
        #expect(client.soFar(3).reset == 0)
    }

    @Test func `an answer whose head HTTP/2 cannot carry ends its stream`() throws {
        let value = String(repeating: "a", count: 300_000)
        let origin = try TestOrigin { request in
            TestOrigin.response("", fields: request.startLine.contains("/large") ? ["X-Large: \(value)"] : [])
        }
        let proxy = try TestProxy([("v1", origin.port)]) { $0.limits.headBytes = 1 << 20 }
        let client = try FramePeer(to: proxy.address)
        try client.send(.headers(1, Frame.request(path: "/large")))
        #expect(try client.answer(1).reset == 2)
        try client.send(.headers(3, Frame.request()))
        #expect(try client.answer(3).status == "200")
    }

    @Test(arguments: [(32, 200), (33, 502)])
    func `an endpoint may say 1xx so often and no more`(_ count: Int, _ status: Int) throws {
        let old = try TestOrigin { connection, _ in
            _ = try connection.readHead()
            for _ in 0..<count { try connection.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n") }
            try connection.send(TestOrigin.response("then"))
        }
        let new = try TestOrigin { peer, stream in
            for _ in 0..<count { try peer.send(.headers(stream, [(":status", "103")], ends: false)) }
            try peer.send(.headers(stream, [(":status", "200")]))
        }
        let upgrade: Value = ["connectionPool": ["http": ["h2UpgradePolicy": "UPGRADE"]]]
        let rule = TestProxy.resource(
            .destinationRule,
            "app",
            ["spec": ["host": "app", "trafficPolicy": upgrade]]
        )
        for (origin, rules) in [(old, []), (new, [rule])] {
            let proxy = try TestProxy([("v1", origin.port)], resources: rules)
            let client = try FramePeer(to: proxy.address)
            try client.send(.headers(1, Frame.request()))
            let answer = try client.answer(1)
            #expect(answer.status == "\(status)" && answer.heads.count == 33)
        }
    }

    /// A stream of a connection that holds more than its peer took, whose window is as wide as is said.
    @Test(arguments: [(UInt32(1 << 20), true), (0, false)])
    func `a slow connection's streams go on as long as it does, unless they are held`(
        _ window: UInt32,
        _ goesOn: Bool
    ) throws {
        let listener = try Socket.listen(on: try ListenerOpener.parse("127.0.0.1:0"), shared: false).get()
        defer { close(listener) }
        _ = fcntl(listener, F_SETFL, 0)
        let peer = try TestConnection(
            to: "127.0.0.1:\(SocketAddress(boundTo: listener).port)",
            receiveBuffer: 4096
        )
        let accepted = canary_accept4(
            listener,
            nil,
            nil,
            Int32(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        )
        defer { close(accepted) }
        var clients = Slab<Downstream>(chunkCount: 2)
        let address = PeerAddress(SocketAddress(host: "10.0.0.9", port: 1) ?? .unspecified)
        let connection = clients.take(Downstream(.plain(accepted), listener: 0, peer: address))
        let session = try #require(HTTP2Session.make(connection.registration, HeadLimits()))
        let bytes =
            Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + Frame.settings([(4, window)]).bytes
            + Frame.headers(1, Frame.request()).bytes
        bytes.withSlice { bytes in
            var used = 0
            while used < bytes.count { used += session.pointee.receive(bytes.from(used)) }
        }
        let intake = session.pointee.intake
        let stream = try #require(intake.pointee.streams.first)
        let client = clients.take(Downstream(.stream(stream), listener: 0, peer: address))
        stream.pointee.party = .client(client)
        [1, 2, 3].withSlice { client.pointee.outbox.append($0) }
        // The kernel holds what the peer does not read.
        let sent = [UInt8](repeating: 7, count: 200_000).withSlice { Socket.send(accepted, $0) }
        guard case .moved(let count) = sent else { return #expect(Bool(false), "nothing was sent") }
        #expect(client.hasTakenMore() == goesOn)
        #expect(!client.hasTakenMore())
        _ = try peer.read(count)
        [1, 2, 3].withSlice { _ = Socket.send(accepted, $0) }
        while Socket.unacknowledged(accepted) > 3 { sched_yield() }
        [UInt8](repeating: 7, count: 100_000).withSlice { _ = Socket.send(accepted, $0) }
        #expect(client.hasTakenMore() == goesOn)
        session.free()
        for client in [client, connection] {
            client.pointee.outbox.release()
            clients.give(client)
        }
    }
}
