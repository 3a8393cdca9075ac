// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import Glibc
import Testing

@testable import CanaryProxy

/// Clients that want much and give little, and ends.
struct HTTP2LimitTests {
    private static let enhanceYourCalm: UInt32 = 11

    // MARK: - Slow clients

    @Test func `a client that opens no window holds up its own stream alone, and costs what a read takes`()
        throws
    {
        let size = 8 << 20
        let sent = Counter()
        let origin = try TestOrigin { connection, _ in
            while true {
                guard try connection.readHead().startLine.contains("large") else {
                    try connection.send(TestOrigin.response("small"))
                    continue
                }
                try connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n")
                for _ in 0..<size >> 16 {
                    try connection.send([UInt8](repeating: 97, count: 65_536))
                    sent.next()
                }
            }
        }
        let proxy = try TestProxy([("v1", origin.port)])
        // Streams begin without a window.
        let client = try FramePeer(to: proxy.address, settings: [(4, 0)])
        client.opensWindows = false
        try client.send(.headers(1, Frame.request(path: "/large")), .headers(3, Frame.request()))
        try client.send(.windowUpdate(3, 100))
        #expect(try client.answer(3).text == "small")
        #expect(client.soFar(1).body.isEmpty)
        // What the kernel holds for the proxy is a few megabytes; the rest waits at the origin.
        #expect(sent.value < size >> 16)
        client.opensWindows = true
        try client.send(.windowUpdate(1, UInt32(size)))
        #expect(try client.answer(1).body.count == size)
    }

    @Test func `a stream that stands still is given up, and the connection goes on`() throws {
        let origin = try TestOrigin { connection, _ in
            _ = try connection.readHead()
            try connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
            try connection.send([UInt8](repeating: 97, count: 1_000_000))
        }
        let proxy = try TestProxy([("v1", origin.port)]) { $0.limits.stallTimeout = 200 }
        let client = try FramePeer(to: proxy.address, settings: [(4, 10)])
        client.opensWindows = false
        try client.send(.headers(1, Frame.request()))
        while client.soFar(1).reset == nil { try client.step() }
        #expect(client.soFar(1).body.count == 10)
        #expect(try client.isAlive())
    }

    @Test func `an upload waits where its origin does not read`() throws {
        let gate = Counter()
        let origin = try TestOrigin(receiveBuffer: 4096) { connection, _ in
            gate.wait()
            try connection.send(TestOrigin.response("\(try connection.readMessage().body.utf8.count)"))
        }
        let proxy = try TestProxy([("v1", origin.port)])
        let client = try FramePeer(to: proxy.address)
        let size = 8 << 20
        try client.send(
            .headers(1, Frame.request([("content-length", "\(size)")], method: "POST"), ends: false)
        )
        // All that the server's windows allow; it opens them only as far as the origin takes what came.
        var count = 0
        while client.canSend(16_384, 1) {
            try client.awaitWindow(1, 16_384)
            try client.send(.data(1, .init(repeating: 97, count: 16_384)))
            count += 16_384
            #expect(try client.isAlive())
        }
        #expect(count < size)
        gate.next()
        while count < size {
            try client.awaitWindow(1, 16_384)
            try client.send(.data(1, .init(repeating: 97, count: 16_384), ends: count + 16_384 == size))
            count += 16_384
        }
        #expect(try client.answer(1).text == "\(size)")
    }

    @Test func `more data than the window resets the stream`() throws {
        let origin = try TestOrigin(named: "v1")
        let delay: Value = ["delay": ["fixedDelay": "60s", "percentage": ["value": 100]]]
        let proxy = try TestProxy(
            [("v1", origin.port)],
            http: TestProxy.route("v1", [("fault", delay)]),
            resources: [
                TestProxy.resource(
                    .destinationRule,
                    "app",
                    ["spec": ["host": "app", "subsets": [["name": "v1", "labels": ["version": "v1"]]]]]
                )
            ]
        )
        let client = try FramePeer(to: proxy.address)
        try client.send(.headers(1, Frame.request(method: "POST"), ends: false))
        for _ in 0..<5 { try client.send(.data(1, .init(repeating: 97, count: 16_384))) }
        #expect(try client.answer(1).reset == 3)
        #expect(try client.isAlive())
    }

    // MARK: - Floods

    @Test func `more streams than allowed end the connection`() throws {
        let origin = try TestOrigin { connection, _ in
            _ = try connection.readHead()
            #expect(connection.isEnded())
        }
        let proxy = try TestProxy([("v1", origin.port)])
        let client = try FramePeer(to: proxy.address)
        while client.settings[3] == nil { try client.step() }
        #expect(client.settings[3] == 100)
        for index in 0..<100 { try client.send(.headers(UInt32(index * 2 + 1), Frame.request())) }
        #expect(try client.isAlive())
        try client.send(.headers(201, Frame.request()))
        #expect(client.end() == .init(code: 1))
    }

    @Test func `streams that are begun to be reset end the connection`() throws {
        let heads = Counter()
        let origin = try TestOrigin { connection, _ in
            while true {
                _ = try connection.readHead()
                heads.next()
            }
        }
        let proxy = try TestProxy([("v1", origin.port)])
        let client = try FramePeer(to: proxy.address)
        for index in 0..<4000 {
            let stream = UInt32(index * 2 + 1)
            guard (try? client.send(.headers(stream, Frame.request()), .reset(stream))) != nil else { break }
        }
        _ = client.end()
        #expect(heads.value <= 1100)
    }

    @Test func `frames that only cost are bounded`() throws {
        let origin = try TestOrigin(named: "v1")
        let proxy = try TestProxy([("v1", origin.port)])
        // What they ask for is answered as long as they take the answers.
        for frame in [Frame(.ping, .init(repeating: 1, count: 8)), .settings([(4, 100)])] {
            let client = try FramePeer(to: proxy.address)
            let bytes = Array(repeatElement(frame.bytes, count: 500).joined())
            var batches = 0
            while batches < 20_000, client.connection.sendIfTaken(bytes) { batches += 1 }
            #expect(batches < 20_000, "\(frame.kind)")
        }
        let many = try FramePeer(to: proxy.address, settings: (0..<100).map { _ in (4, 100) })
        #expect(many.end().code == Self.enhanceYourCalm)
        let client = try FramePeer(to: proxy.address)
        try client.send(.headers(1, Frame.request(), endsHead: false))
        for _ in 0..<100 { try? client.send(Frame(.continuation, stream: 1, Frame.block([("x", "y")]))) }
        _ = client.end()
        #expect(try proxy.ask().status == 200)
    }

    // MARK: - Ends

    @Test func `a drain finishes what was begun, and says so first`() throws {
        let gate = Counter()
        let origin = try TestOrigin { connection, _ in
            let head = try connection.readHead()
            if head.startLine.contains("slow") { gate.wait() }
            try connection.send(TestOrigin.response("v1"))
        }
        let proxy = try TestProxy([("v1", origin.port)])
        let client = try FramePeer(to: proxy.address)
        try client.send(.headers(1, Frame.request(path: "/slow")), .headers(3, Frame.request()))
        #expect(try client.answer(3).text == "v1")
        proxy.proxy.drain()
        // First a notice, which lets the client go on; then the number of the last stream that is answered.
        while client.lastStream != 0x7FFF_FFFF { try client.step() }
        try client.send(.headers(5, Frame.request()))
        #expect(try client.answer(5).text == "v1")
        gate.next()
        #expect(try client.answer(1).text == "v1")
        #expect(client.end() == .init(code: 0))
        #expect(client.lastStream == 5)
    }

    @Test func `a connection without streams is ended in order`() throws {
        let origin = try TestOrigin(named: "v1")
        let proxy = try TestProxy([("v1", origin.port)]) { $0.limits.idleTimeout = 200 }
        let client = try FramePeer(to: proxy.address)
        try client.send(.headers(1, Frame.request()))
        #expect(try client.answer(1).text == "v1")
        #expect(client.end() == .init(code: 0))
    }

    @Test func `a head that never ends has its time`() throws {
        let origin = try TestOrigin(named: "v1")
        let proxy = try TestProxy([("v1", origin.port)]) { $0.limits.headTimeout = 200 }
        let client = try FramePeer(to: proxy.address)
        // Nothing may come between the frames of a head: what the server's settings ask for comes first.
        while client.settings.isEmpty { try client.step() }
        try client.send(.headers(1, Frame.request(), endsHead: false))
        #expect(client.end() == .init(code: 0))
    }

    @Test func `a client that leaves ends its requests`() throws {
        let (come, left) = (Counter(), Counter())
        let origin = try TestOrigin { connection, _ in
            _ = try connection.readHead()
            come.next()
            #expect(connection.isEnded())
            left.next()
        }
        let proxy = try TestProxy([("v1", origin.port)])
        let ways: [(FramePeer) throws -> Void] = [
            { try $0.send(.reset(1)) }, { $0.connection.finishSending() },
        ]
        for (number, leave) in ways.enumerated() {
            let client = try FramePeer(to: proxy.address)
            try client.send(.headers(1, Frame.request()))
            come.wait(for: number + 1)
            try leave(client)
            left.wait(for: number + 1)
        }
    }
}

extension Counter {
    /// Waits until the number is as high; a minute is too long.
    fileprivate func wait(for number: Int = 1) {
        for _ in 0..<12_000 where value < number { poll(nil, 0, 5) }
        #expect(value >= number)
    }
}

extension TestConnection {
    /// Sends if there is room before long; `false` where there is none, or nobody to send to.
    fileprivate func sendIfTaken(_ bytes: [UInt8]) -> Bool {
        var room = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        guard poll(&room, 1, 2000) == 1 else { return false }
        return (try? send(bytes)) != nil
    }
}

extension FramePeer {
    /// Whether the server is known to take so many bytes of a stream.
    fileprivate func canSend(_ count: Int, _ stream: UInt32) -> Bool { room(stream) >= count }
}
