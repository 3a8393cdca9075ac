// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization
import Testing

@testable import CanaryProxy

/// How the ends of a switched protocol reach the other side, and the log.
struct TunnelEndTests {
    /// How an origin's side of a tunnel ended: 0 or the error number; -1 while it has not.
    private final class Ending: Sendable {
        private let value = Atomic<Int32>(-1)

        func note(_ reason: Int32) { value.store(reason, ordering: .releasing) }

        func wait() -> Int32 {
            while true {
                let reason = value.load(ordering: .acquiring)
                if reason >= 0 { return reason }
                sched_yield()
            }
        }
    }

    private let log: LoggedRequests
    private let ending = Ending()

    init() throws {
        log = try LoggedRequests()
    }

    /// Switches, says hello, hears one byte, and does what `then` says; notes how its side ends.
    private func origin(_ then: @escaping @Sendable (TestConnection) throws -> Void = { _ in }) throws
        -> TestOrigin
    {
        try TestOrigin { [ending] connection, _ in
            _ = try connection.readHead()
            try connection.send("HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: raw\r\n\r\nhello")
            do {
                _ = try connection.read(1)
                try then(connection)
                while true { _ = try connection.read(1) }
            } catch let end as TestConnection.Ended {
                ending.note(end.reason)
            }
        }
    }

    private func proxy(_ origin: TestOrigin, tunnelTimeout: Int64 = 3_600_000) throws -> TestProxy {
        try TestProxy([("v1", origin.port)]) {
            log.configure(&$0)
            $0.limits.tunnelTimeout = tunnelTimeout
        }
    }

    private func tunnel(_ proxy: TestProxy) throws -> TestConnection {
        let client = try proxy.connect()
        try client.send("GET / HTTP/1.1\r\nHost: app\r\nConnection: upgrade\r\nUpgrade: raw\r\n\r\n")
        #expect(try client.readHead().status == 101)
        #expect(try client.read(5) == Array("hello".utf8))
        try client.send("1")
        return client
    }

    /// What the client is told: 0 for an end, or the error number.
    private func end(of client: TestConnection) -> Int32? {
        #expect(throws: TestConnection.Ended.self) { while true { _ = try client.read(1) } }?.reason
    }

    /// Waits until a connection is gone on both sides; nothing is read or sent meanwhile.
    private static func isReset(_ connection: TestConnection) -> Bool {
        var polled = pollfd(fd: connection.descriptor, events: 0, revents: 0)
        return poll(&polled, 1, 60_000) == 1 && polled.revents & Int16(POLLHUP) != 0
    }

    @Test func `a client's reset resets the upstream`() throws {
        let origin = try origin()
        let proxy = try proxy(origin)
        try tunnel(proxy).reset()
        #expect(ending.wait() == ECONNRESET)
        proxy.stop()
        #expect(log.outcomes() == ["101 DC"])
    }

    @Test func `a client that ended may still reset`() throws {
        let ended = Counter()
        let origin = try origin { connection in
            #expect(connection.isEnded())
            ended.next()
            throw TestConnection.Ended(reason: Self.isReset(connection) ? ECONNRESET : 0)
        }
        let proxy = try proxy(origin)
        do {
            let client = try tunnel(proxy)
            client.finishSending()
            while ended.value == 0 { sched_yield() }
            client.reset()
        }
        #expect(ending.wait() == ECONNRESET)
        proxy.stop()
        #expect(log.outcomes() == ["101 DC"])
    }

    @Test func `a client's end is an end, and the upstream may go on`() throws {
        let origin = try origin { connection in
            #expect(connection.isEnded())
            try connection.send("bye")
        }
        let proxy = try proxy(origin)
        let client = try tunnel(proxy)
        client.finishSending()
        #expect(try client.read(3) == Array("bye".utf8))
        #expect(end(of: client) == 0)
        proxy.stop()
        #expect(log.outcomes() == ["101 -"])
    }

    @Test func `an upstream's reset resets the client`() throws {
        let origin = try origin { connection in
            connection.reset()
            throw TestConnection.Ended()
        }
        let proxy = try proxy(origin)
        let client = try tunnel(proxy)
        #expect(end(of: client) == ECONNRESET)
        proxy.stop()
        #expect(log.outcomes() == ["101 UC"])
    }

    @Test func `an upstream that ended may still reset`() throws {
        let heard = Counter()
        let origin = try origin { connection in
            connection.finishSending()
            while heard.value == 0 { sched_yield() }
            connection.reset()
            throw TestConnection.Ended()
        }
        let proxy = try proxy(origin)
        let client = try tunnel(proxy)
        #expect(end(of: client) == 0)
        heard.next()
        #expect(Self.isReset(client))
        proxy.stop()
        #expect(log.outcomes() == ["101 UC"])
    }

    @Test func `a silent tunnel is nobody's error`() throws {
        let origin = try origin()
        let proxy = try proxy(origin, tunnelTimeout: 50)
        let client = try tunnel(proxy)
        #expect(end(of: client) == 0)
        #expect(ending.wait() == 0)
        proxy.stop()
        #expect(log.outcomes() == ["101 SI"])
    }
}
