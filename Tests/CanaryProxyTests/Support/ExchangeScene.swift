// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources
import CanaryRouting

@testable import CanaryProxy

/// An exchange with a client's and an upstream's connection, without a socket.
final class ExchangeScene {
    let routed: RoutedScene
    let client = DownstreamPointer.allocate(capacity: 1)
    let upstream = UpstreamPointer.allocate(capacity: 1)
    let exchange = ExchangePointer.allocate(capacity: 1)
    private let generation = UnsafeMutablePointer<TableGeneration>.allocate(capacity: 1)
    // Blocks that are not given back are freed with it.
    private let blocks = UnsafeMutablePointer<BlockPool>.allocate(capacity: 1)

    /// `head` is a whole request's, as a client would send it; `fields` are those of its route.
    init(
        _ head: String = "GET / HTTP/1.1\r\nHost: app\r\n\r\n",
        _ fields: [(String, Value)] = [],
        hasClient: Bool = true,
        resources: [Resource] = []
    ) {
        routed = RoutedScene([("v1", 9001)], http: TestProxy.route("v1", fields), resources: resources)
        blocks.initialize(to: BlockPool())
        let peer = PeerAddress(SocketAddress(host: "10.0.0.9", port: 1234) ?? .unspecified)
        client.initialize(to: Downstream(.plain(-1), listener: 0, peer: peer))
        upstream.initialize(to: Upstream(.plain(-1), to: .none, phase: .active))
        var parsed = RequestHead()
        var table = FieldTable(capacity: 100)
        let bytes = routed.slice(head).raw
        _ = client.pointee.codec.readHead(bytes, HeadLimits(), into: &parsed, &table)
        client.pointee.codec.begin(parsed)
        let request = KeptRequest(parsed, of: bytes, table, from: peer, in: &blocks.pointee)
        exchange.initialize(
            to: Exchange(from: hasClient ? client : nil, request, generation, startedAt: 0)
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
    func fill(_ queue: inout ByteQueue) { [1, 2, 3].withUnsafeBytes { queue.append($0) } }

    deinit {
        exchange.pointee.request.release(to: &blocks.pointee)
        exchange.deinitialize(count: 1)
        client.deinitialize(count: 1)
        upstream.deinitialize(count: 1)
        blocks.deinitialize(count: 1)
        exchange.deallocate()
        client.deallocate()
        upstream.deallocate()
        generation.deallocate()
        blocks.deallocate()
    }
}
