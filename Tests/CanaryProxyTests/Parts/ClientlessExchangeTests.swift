// SPDX-License-Identifier: Apache-2.0

import CLinux
import CanaryMesh
import CanaryResources
import CanaryRouting
import Glibc
import Testing

@testable import CanaryProxy

/// A request that no client waits for, in a worker whose turns the test takes.
struct ClientlessExchangeTests {
    @Test func `it is tried, tried again, and its answer thrown away`() throws {
        let tries = Counter()
        let size = 300_000
        let origin = try TestOrigin { connection, _ in
            while true {
                _ = try connection.readMessage()
                let isFirst = tries.next() == 0
                let body = String(repeating: "x", count: isFirst ? 2 : size)
                try connection.send(TestOrigin.response(body, status: isFirst ? "503 No" : "200 OK"))
            }
        }
        let identifiers = RoutingIdentifiers()
        let route = TestProxy.route("v1", [("retries", ["attempts": 1, "retryOn": "5xx"])])
        let table = TestProxy.table([("v1", origin.port)], route, [], identifiers)
        let shared = ProxyShared(
            configuration: ProxyConfiguration(),
            identifiers: identifiers,
            resolver: Resolver(lookUp: { _ in nil }),
            wakeDescriptors: [eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))]
        )
        shared.publish { $0.table = table }
        var worker = Worker(index: 0, shared: shared)
        worker.adoptChanges()
        begin(&worker, table)
        let counters = shared.counters[0]
        var sum = RouteEvidence()
        while sum.ended == 0 {
            worker.turn()
            sum = (0..<4).compactMap { counters.evidence($0) }.reduce(into: RouteEvidence()) { $0.add($1) }
        }
        #expect(sum.assigned == 1 && sum.ended == 1 && sum.firstTries.total == 1)
        #expect(tries.value == 2)
        // The connection that carried the whole answer rests.
        let idle = worker.upstreams.pools.numbers.map { worker.upstreams.pools[$0].pointee.idleCount }
        #expect(idle == [1])
        worker.shutDown()
    }

    private func begin(_ worker: inout Worker, _ table: RoutingTable) {
        let text = Array("PUT /x HTTP/1.1\r\nHost: app\r\nContent-Length: 0\r\n\r\n".utf8)
        var head = RequestHead()
        var fields = FieldTable(capacity: 10)
        let peer = PeerAddress(SocketAddress(host: "10.0.0.9", port: 1) ?? .unspecified)
        text.withUnsafeBytes { bytes in
            _ = RequestParser().parse(bytes, into: &head, fields: &fields)
            let request = KeptRequest(head, of: bytes, fields, from: peer, in: &worker.blocks)
            guard let generation = worker.tables.current else { return }
            let exchange = worker.open(request, from: nil, generation)
            let facts = exchange.pointee.request.facts
            let host = table.virtualHost(listener: 0, authority: facts.authority)
            exchange.pointee.route = host?.route(for: facts)
            exchange.pointee.destination = exchange.pointee.route?.destination(for: facts, random: 0)
            exchange.pointee.requestIsComplete(worker.loop.now, worker.limits)
            worker.attemptAgain(exchange)
        }
    }
}
