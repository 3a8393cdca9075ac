// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting

/// TCP connections: what comes to a port that does not speak HTTP gets its destination when it is accepted, and then passes as
/// it comes, both ways, as behind a switch of protocols.
extension Worker {
    /// Begins to pass a connection on that came to such a port. Of what is TLS and stays it, `serverName` is the name that the
    /// client asks for, empty for none.
    mutating func beginConnection(_ client: DownstreamPointer, serverName: ByteSlice? = nil) {
        guard let generation = tables.current, overload < .refusingRequests else {
            return closeClient(client, resets: true)
        }
        client.pointee.tlsListener = nil
        let listener = generation.pointee.listener(client.pointee.listener)
        let request = KeptRequest(connectionFrom: client.pointee.peer, in: &blocks)
        let exchange = open(request, from: client, generation, isConnection: true)
        client.pointee.exchange = exchange
        client.pointee.phase = .tunnel
        loop.timers.cancel(client.registration)
        guard assign(exchange, to: listener, client, serverName, by: generation.pointee) else { return }
        _ = attempt(exchange, ByteSlice())
    }

    /// Draws the destination; `false` when there is none. From here on the connection counts.
    private mutating func assign(
        _ exchange: ExchangePointer,
        to listener: ListenerEntry,
        _ client: DownstreamPointer,
        _ serverName: ByteSlice?,
        by table: TableGeneration
    ) -> Bool {
        let host = unsafe table.table._withUnsafeGuaranteedRef { $0.connectionHost(listener: listener.index) }
        exchange.pointee.host = host
        let route = host.flatMap { Self.route(of: $0, listener.requestPort, client, serverName) }
        guard let route else {
            refuse(exchange, .noRoute)
            return false
        }
        let destination = route.destination(random: random.next())
        exchange.pointee.destination = destination
        guard let destination, destination.isDefined else {
            if let destination { count(exchange, destination.counter) }
            refuse(exchange, .noCluster)
            return false
        }
        let lifetime = destination.limits.lifetimeMilliseconds
        if lifetime > 0 { exchange.pointee.deadlines.lifetime = loop.now &+ Int64(lifetime) }
        return true
    }

    private static func route(
        of host: VirtualHostHandle,
        _ port: Int32,
        _ client: DownstreamPointer,
        _ serverName: ByteSlice?
    ) -> ConnectionRouteHandle? {
        unsafe withUnsafeTemporaryAllocation(byteCount: PeerAddress.mostBytes, alignment: 8) { memory in
            let address = client.localAddress
            return unsafe host.connectionRoute(
                port: port,
                address: address.copy(to: memory),
                serverName: serverName
            )
        }
    }

    /// The destination's connection stands: bytes pass from now on.
    mutating func join(_ exchange: ExchangePointer, _ upstream: UpstreamPointer) {
        exchange.pointee.stage = .switched
        upstream.pointee.phase = .tunnel
        leaveTable(exchange)
        renewStall(exchange)
    }

    /// Ends a connection that gets nowhere. A proper end would look as if the destination had nothing to say.
    mutating func refuse(_ exchange: ExchangePointer, _ flag: ResponseFlag) {
        exchange.pointee.outcome.flag = flag
        guard let client = exchange.pointee.downstream else { return abandon(exchange) }
        closeClient(client, resets: true)
    }
}
