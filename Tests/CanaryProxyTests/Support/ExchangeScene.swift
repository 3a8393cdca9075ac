// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources
import CanaryRouting

@testable import CanaryProxy

/// An exchange with a client's and an upstream's connection, without a socket.
final class ExchangeScene {
    let routed: RoutedScene
    let client: DownstreamPointer
    let upstream: UpstreamPointer
    let exchange: ExchangePointer
    private var clients = Slab<Downstream>(chunkCount: 1)
    private var upstreams = Slab<Upstream>(chunkCount: 1)
    private var exchanges = Slab<Exchange>(chunkCount: 1)
    private var tables = TableGenerations()
    // Blocks that are not given back are freed with it.
    private var blocks = BlockPool()

    /// `head` is a whole request's, as a client would send it; `fields` are those of its route.
    init(
        _ head: String = "GET / HTTP/1.1\r\nHost: app\r\n\r\n",
        _ fields: [(String, Value)] = [],
        hasClient: Bool = true,
        resources: [Resource] = []
    ) {
        routed = RoutedScene([("v1", 9001)], http: TestProxy.route("v1", fields), resources: resources)
        let peer = PeerAddress(SocketAddress(host: "10.0.0.9", port: 1234) ?? .unspecified)
        client = clients.take(Downstream(.plain(-1), listener: 0, peer: peer))
        upstream = upstreams.take(Upstream(.plain(-1), to: .none, phase: .active))
        var parsed = RequestHead()
        var table = FieldTable(capacity: 100)
        let bytes = routed.slice(head)
        _ = client.pointee.codec.readHead(bytes, HeadLimits(), into: &parsed, &table)
        client.pointee.codec.begin(parsed)
        let request = KeptRequest(parsed, of: bytes, table, from: peer, in: &blocks)
        _ = tables.adopt(routed.table, [])
        guard let generation = tables.current else { fatalError("a table was adopted") }
        exchange = exchanges.take(
            Exchange(from: hasClient ? client : nil, request, generation, startedAt: 0)
        )
        let facts = exchange.pointee.request.facts
        exchange.pointee.route = routed.route(facts)
        exchange.pointee.destination = exchange.pointee.route?.destination(for: facts, random: 0)
        if hasClient {
            client.pointee.exchange = exchange
            client.pointee.phase = .exchange
        }
    }

    /// The try has come so far that it has a connection.
    func connect(_ stage: Exchange.Stage = .sent) {
        exchange.pointee.upstream = upstream
        upstream.pointee.exchange = exchange
        exchange.pointee.stage = stage
    }

    /// Leaves something to be sent.
    func fill(_ queue: inout ByteQueue) { [1, 2, 3].withSlice { queue.append($0) } }

    deinit {
        exchange.pointee.request.release(to: &blocks)
        exchanges.give(exchange)
        clients.give(client)
        upstreams.give(upstream)
        _ = tables.retire()
    }
}
