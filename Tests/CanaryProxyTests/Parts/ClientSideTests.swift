// SPDX-License-Identifier: Apache-2.0

import CLinux
import CanaryMesh
import CanaryResources
import CanaryRouting
import Glibc
import Testing

@testable import CanaryProxy

/// How clients' connections are kept and let go, and how tables are.
struct ClientSideTests {
    private let limits = ProxyLimits()

    /// A client of a connection that can be watched, but neither sends nor receives.
    private func client(_ side: inout ClientSide, _ loop: inout EventLoop) throws -> DownstreamPointer {
        try client(&side, &loop, of: eventfd(0, 0))
    }

    private func client(_ side: inout ClientSide, _ loop: inout EventLoop, of descriptor: Int32) throws
        -> DownstreamPointer
    {
        let peer = PeerAddress(SocketAddress(host: "10.0.0.9", port: 1) ?? .unspecified)
        return try #require(side.adopt(.plain(descriptor), listener: 3, from: peer, &loop))
    }

    private func side() -> ClientSide { ClientSide(limits: limits, counters: WorkerCounters()) }

    @Test func `what waits to be sent is sent before a connection ends`() throws {
        var side = side()
        var loop = EventLoop()
        let now = loop.now
        let client = try client(&side, &loop)
        [1, 2, 3].withSlice { client.pointee.outbox.append($0) }
        side.closeAfterSending(client, &loop)
        #expect(client.pointee.phase == .lingering && client.pointee.closesWhenSent)
        client.pointee.outbox.release()
        side.afterSending(client, &loop)
        // Its end is waited for, as long as it may linger.
        #expect(client.pointee.phase == .lingering && !client.pointee.closesWhenSent)
        #expect(client.pointee.lingersUntil == now + limits.lingerLimit)
        #expect(client.registration.pointee.deadline == now + limits.lingerTimeout)
        client.pointee.hasEnded = true
        client.pointee.closesWhenSent = true
        side.afterSending(client, &loop)
        #expect(client.pointee.phase == .closed)
    }

    @Test(arguments: [0, 1000, 300_000], [1, 1000, 300_000])
    func `a body goes behind its head, and what there is no room for waits`(head: Int, body: Int) throws {
        var side = side()
        var loop = EventLoop()
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue)
        try #require(socketpair(AF_UNIX, kind, 0, &ends) == 0)
        defer { close(ends[1]) }
        let client = try client(&side, &loop, of: ends[0])
        let message = (0..<head + body).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        // The second time, whatever waits goes first.
        for _ in 0..<2 {
            let isUsable = message.withSlice { bytes in
                side.send(bytes.slice(0, head), bytes.from(head), to: client)
            }
            #expect(isUsable)
        }
        var received: [UInt8] = []
        var room = [UInt8](repeating: 0, count: 65_536)
        while received.count < 2 * message.count {
            let count = recv(ends[1], &room, room.count, 0)
            if count > 0 { received += room[..<count] } else { try #require(side.flush(client) == .moved) }
        }
        #expect(received == message + message && client.pointee.outbox.isEmpty)
        side.close(client, &loop)
    }

    @Test func `a client that said its last is not waited for`() throws {
        var side = side()
        var loop = EventLoop()
        let client = try client(&side, &loop)
        client.pointee.canRead = false
        side.closeAfterSending(client, abruptly: true, &loop)
        #expect(client.pointee.phase == .closed)
        let other = try self.client(&side, &loop)
        side.closeAfterSending(other, abruptly: true, &loop)
        #expect(other.pointee.phase == .lingering)
        side.close(other, &loop)
    }

    @Test func `open connections are counted and found, whichever of them close`() throws {
        var side = side()
        var loop = EventLoop()
        let all = [
            try client(&side, &loop), try client(&side, &loop), try client(&side, &loop),
            try client(&side, &loop),
        ]
        for (index, left) in [(1, [3, 2, 0]), (3, [2, 0]), (0, [2]), (2, [])] {
            side.close(all[index], &loop)
            side.close(all[index], &loop)
            var found: [Int] = []
            var next = side.open.first
            while let client = next {
                found.append(all.firstIndex(of: client) ?? -1)
                next = side.open.next(after: client)
            }
            #expect(found == left)
            let count = side.count
            #expect(count == left.count)
        }
    }

    @Test func `a head has its time from its first byte on, and a rest its own`() throws {
        var side = side()
        var loop = EventLoop()
        let now = loop.now
        let client = try client(&side, &loop)
        #expect(client.registration.pointee.deadline == now + limits.headTimeout)
        side.rest(client, &loop)
        #expect(client.registration.pointee.deadline == now + limits.idleTimeout)
        side.awaitHead(client, &loop)
        let deadline = now + limits.headTimeout
        #expect(client.registration.pointee.deadline == deadline)
        side.awaitHead(client, &loop)
        #expect(client.registration.pointee.deadline == deadline)
        [1].withSlice { client.pointee.outbox.append($0) }
        side.renewTimer(client, &loop)
        #expect(client.registration.pointee.deadline == now + limits.stallTimeout)
        side.close(client, &loop)
    }

    @Test func `a table is let go of with its last exchange`() throws {
        var tables = TableGenerations()
        weak var old: RoutingTable?
        let next = RoutedScene([]).table
        var generation: TableGenerations.Generation?
        do {
            let first = RoutedScene([]).table
            old = first
            _ = tables.adopt(first, [])
            generation = tables.current
        }
        let used = try #require(generation)
        tables.use(used)
        let isFreeAtOnce = tables.adopt(next, [])
        #expect(!isFreeAtOnce && old != nil)
        let isSame = tables.adopt(next, [])
        #expect(!isSame)
        let isFreeAtLast = tables.release(used)
        #expect(isFreeAtLast && old == nil)
        let entry = ListenerEntry(number: 7, index: 0, requestPort: 80)
        let isReplaced = tables.adopt(next, [entry])
        let newest = tables.current
        let listeners = try [7, 8].map { try #require(newest).pointee.listener($0) }
        #expect(isReplaced && listeners == [entry, .unknown(8)])
        _ = tables.retire()
    }
}
