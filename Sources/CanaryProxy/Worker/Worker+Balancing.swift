// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryRouting

/// The choice of the endpoint that a request goes to.
extension Worker {
    /// How often the choice is repeated to avoid the endpoint that just failed: Envoy's host reselection.
    private static let reselections = 5
    /// How often a request looks whether a name has got an address.
    private static let addressPause: Int64 = 20

    /// An endpoint with an address; `nil` where the destination has none, or where the request has to wait for it: then it has a
    /// time for its next try. The request is counted there, once.
    mutating func chooseEndpoint(_ exchange: ExchangePointer) -> UInt64? {
        guard let destination = exchange.pointee.destination else { return nil }
        let endpoints = destination.endpoints
        guard endpoints.count > 0 else {
            count(exchange, destination.counter)
            return nil
        }
        let hash = destination.endpointHash(for: exchange.pointee.kept.facts)
        let failed = exchange.pointee.lastEndpoint
        var choice = choose(destination, endpoints, hash, exchange)
        guard failed != nil, hash == nil else { return choice }
        for _ in 0..<Self.reselections where choice == failed {
            choice = choose(destination, endpoints, hash, exchange)
        }
        return choice
    }

    private mutating func choose(
        _ destination: DestinationHandle,
        _ endpoints: UnsafeBufferPointer<EndpointRecord>,
        _ hash: UInt64?,
        _ exchange: ExchangePointer
    ) -> UInt64? {
        let chosen = balance(destination, endpoints, hash)
        // A name without address has no part: its neighbours get its requests.
        for offset in 0..<endpoints.count {
            let endpoint = endpoints[(chosen &+ offset) % endpoints.count]
            guard let id = resolve(endpoint, hash) else { continue }
            count(exchange, endpoint.counter)
            return id
        }
        if !awaitAddress(exchange, endpoints) { count(exchange, endpoints[chosen].counter) }
        return nil
    }

    /// Has the request wait while the first look-up of a name is under way, no longer than it would for a connection.
    private mutating func awaitAddress(
        _ exchange: ExchangePointer,
        _ endpoints: UnsafeBufferPointer<EndpointRecord>
    ) -> Bool {
        var isUnderWay = false
        for endpoint in endpoints where !names[endpoint.id].pointee.isKnown { isUnderWay = true }
        guard isUnderWay else { return false }
        if exchange.pointee.addressDeadline == Registration.never {
            let timeout = exchange.pointee.destination?.connectTimeoutMilliseconds ?? 10_000
            exchange.pointee.addressDeadline = now &+ Int64(max(timeout, 1))
        }
        guard now < exchange.pointee.addressDeadline else { return false }
        exchange.pointee.retryAt = now &+ Self.addressPause
        rearm(exchange)
        return true
    }

    private mutating func balance(
        _ destination: DestinationHandle,
        _ endpoints: UnsafeBufferPointer<EndpointRecord>,
        _ hash: UInt64?
    ) -> Int {
        if endpoints.count == 1 { return 0 }
        switch destination.balancing {
        case .hash: return hash.map { Balancer.rendezvous(endpoints, hash: $0) } ?? draw(endpoints)
        case .random: return draw(endpoints)
        case .roundRobin: return Balancer.turn(endpoints, nextTurn(destination.clusterID))
        case .leastRequest:
            let one = draw(endpoints)
            let other = draw(endpoints)
            return load(endpoints[other]) < load(endpoints[one]) ? other : one
        }
    }

    /// Turns begin at a random one, so that workers do not go through the endpoints in step.
    private mutating func nextTurn(_ cluster: UInt64) -> UInt64 {
        let turn = turns[cluster]
        if turn.pointee == 0 { turn.pointee = random.next() >> 32 }
        turn.pointee &+= 1
        return turn.pointee
    }

    /// An index by weight.
    private mutating func draw(_ endpoints: UnsafeBufferPointer<EndpointRecord>) -> Int {
        Balancer.draw(endpoints, random: random.next())
    }

    private mutating func load(_ endpoint: EndpointRecord) -> Int32 {
        pools[endpoint.id].pointee.active
    }

    /// The endpoint itself, or one of the addresses that its name stands for, in turn or by the user's hash.
    private mutating func resolve(_ endpoint: EndpointRecord, _ hash: UInt64?) -> UInt64? {
        guard endpoint.isName else { return endpoint.id }
        let name = names[endpoint.id]
        let addresses = name.pointee.addresses
        guard addresses.count > 0 else { return nil }
        if let hash { return addresses[Balancer.rendezvous(addresses, hash: hash)].id }
        name.pointee.turn &+= 1
        return addresses[Int(name.pointee.turn % UInt64(addresses.count))].id
    }
}
