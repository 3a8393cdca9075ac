// SPDX-License-Identifier: Apache-2.0

import CLinux
import CanaryMesh
import CanaryResources
import CanaryRouting
import CanarySystem
import Glibc
import Synchronization
import Testing

@testable import CanaryProxy

/// Exchanges in a worker whose turns the test takes.
struct WorkerTurnTests {
    private let shared: ProxyShared
    private let table: RoutingTable

    /// A Service whose only endpoint is an origin of the test's.
    private init(_ port: UInt16, _ fields: [(String, Value)] = []) {
        let identifiers = RoutingIdentifiers()
        table = TestProxy.table([("v1", port)], TestProxy.route("v1", fields), [], identifiers)
        shared = ProxyShared(
            configuration: ProxyConfiguration(),
            identifiers: identifiers,
            resolver: Resolver(lookUp: { _ in nil }),
            health: HealthChecker(),
            wakes: [EventDescriptor()]
        )
        let table = table
        shared.publish { $0.table = table }
    }

    init() { self.init(1) }

    private static let peer = PeerAddress(SocketAddress(host: "10.0.0.9", port: 1) ?? .unspecified)

    private func worker() -> Worker {
        var worker = Worker(index: 0, shared: shared)
        worker.adoptChanges()
        return worker
    }

    @Test func `who came before the drain has an answer, however early that begins`() throws {
        var configuration = ProxyConfiguration()
        configuration.listen = ["127.0.0.1:0"]
        configuration.admin = nil
        configuration.workers = 1
        let proxy = try Proxy(configuration: configuration, identifiers: RoutingIdentifiers())
        proxy.install(TestProxy.table([], nil, [], RoutingIdentifiers()))
        let address = proxy.boundAddresses[0]
        let client = try TestConnection(to: address)
        try client.send("GET / HTTP/1.1\r\nHost: nobody\r\n\r\n")
        proxy.drain()
        // The worker's thread begins only now.
        var worker = Worker(index: 0, shared: proxy.shared)
        worker.run()
        #expect(try client.readMessage().status == 404)
        // Its port is free again, whoever still has the listener.
        #expect(ListenerOpener.isFree(try ListenerOpener.parse(address)))
    }

    /// A routed exchange whose request's head is `text`.
    private func open(_ text: String, from client: DownstreamPointer?, _ worker: inout Worker) throws
        -> ExchangePointer
    {
        let current = worker.tables.current
        let generation = try #require(current)
        var head = RequestHead()
        var fields = FieldTable(capacity: 10)
        let exchange = Array(text.utf8).withSlice { bytes in
            _ = RequestParser().parse(bytes, into: &head, fields: &fields)
            let request = KeptRequest(head, of: bytes, fields, from: Self.peer, in: &worker.blocks)
            return worker.open(request, from: client, generation)
        }
        let facts = exchange.pointee.request.facts
        exchange.pointee.route = table.virtualHost(listener: 0, authority: facts.authority)?.route(for: facts)
        exchange.pointee.destination = exchange.pointee.route?.destination(for: facts, random: 0)
        client?.pointee.codec.begin(head)
        client?.pointee.exchange = exchange
        client?.pointee.phase = .exchange
        return exchange
    }

    /// What the worker counted.
    private var evidence: RouteEvidence {
        (0..<4).compactMap { shared.counters[0].evidence($0) }.reduce(into: RouteEvidence()) { $0.add($1) }
    }

    @Test func `a request that no client waits for is tried, tried again, and its answer thrown away`() throws
    {
        let tries = Counter()
        let size = 300_000
        let origin = try TestOrigin { _ in
            let isFirst = tries.next() == 0
            let body = String(repeating: "x", count: isFirst ? 2 : size)
            return TestOrigin.response(body, status: isFirst ? "503 No" : "200 OK")
        }
        let scene = Self(origin.port, [("retries", ["attempts": 1, "retryOn": "5xx"])])
        var worker = scene.worker()
        let exchange = try scene.open("GET / HTTP/1.1\r\nHost: app\r\n\r\n", from: nil, &worker)
        exchange.pointee.requestIsComplete(worker.loop.now, worker.limits)
        worker.attemptAgain(exchange)
        while scene.evidence.ended == 0 { worker.turn() }
        let sum = scene.evidence
        #expect(sum.assigned == 1 && sum.ended == 1 && sum.firstTries.total == 1)
        #expect(tries.value == 2)
        // The connection that carried the whole answer rests.
        let members = worker.upstreams.pools.numbers
        let idle = members.map { worker.upstreams.pools[$0].pointee.idleCount }
        #expect(idle == [1])
        worker.shutDown()
    }

    @Test func `a body that was kept in part arrives once, whichever connections had been closed`() throws {
        let received = Mutex<[String]>([])
        let origin = try TestOrigin { message in
            received.withLock { $0.append(message.body) }
            return TestOrigin.response("done")
        }
        for kept in [0, 2] {
            let scene = Self(origin.port)
            var worker = scene.worker()
            let descriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
            let adopted = worker.clients.adopt(.plain(descriptor), listener: 0, from: Self.peer, &worker.loop)
            let client = try #require(adopted)
            client.pointee.canRead = false
            let head = "PUT / HTTP/1.1\r\nHost: app\r\nContent-Length: 5\r\n\r\n"
            let exchange = try scene.open(head, from: client, &worker)
            let body = Array("hello".utf8)
            // What a try has taken that failed.
            if kept > 0 { body[..<kept].withSlice { _ = worker.takeBody(exchange, client, $0, as: .chunks) } }
            body[kept...].withSlice { client.pointee.inbox.append($0) }
            try rest(aClosedConnectionOf: exchange, &worker)
            worker.attemptAgain(exchange)
            // The client takes no answer, so that it closes with it.
            while worker.clients.count > 0 { worker.turn() }
            worker.shutDown()
        }
        #expect(received.withLock { $0 } == ["hello", "hello"])
    }

    private struct Missing: Error {}

    /// Leaves a connection in the pool that takes nothing.
    private func rest(aClosedConnectionOf exchange: ExchangePointer, _ worker: inout Worker) throws {
        let chosen = exchange.pointee.destination
        let destination = try #require(chosen)
        let facts = exchange.pointee.request.facts
        let choice = worker.upstreams.choose(destination, for: facts, avoiding: nil, at: 0, &worker.random)
        guard case .endpoint(let member, _) = choice else { throw Missing() }
        let closed = worker.upstreams.adopt(.plain(-1), member, .active)
        closed.pointee.served = 1
        worker.upstreams.keep(closed, idleTimeout: 0, &worker.loop)
    }
}
