// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting

/// The choice of the endpoint that a request goes to.
extension UpstreamSide {
    enum Choice: Equatable {
        /// An endpoint with an address, and where requests that it gets are counted.
        case endpoint(ClusterMember, counter: UInt32)
        /// The only endpoints are names whose first look-up is under way; where the request is counted if it gets no address.
        case awaitsAddress(counter: UInt32)
        case none(counter: UInt32)
    }

    /// How often the choice is repeated to avoid the endpoint that just failed: Envoy's host reselection.
    private static let reselections = 5

    /// An endpoint of `destination`, if there is any but `failed`, which is where the last try went.
    mutating func choose(
        _ destination: DestinationHandle,
        for facts: RequestFacts,
        avoiding failed: UInt64?,
        _ random: inout RandomSource
    ) -> Choice {
        guard destination.endpoints.count > 0 else { return .none(counter: destination.counter) }
        let hash = destination.endpointHash(for: facts)
        var choice = choose(destination, hash, &random)
        guard let failed, hash == nil else { return choice }
        for _ in 0..<Self.reselections {
            guard case .endpoint(let member, _) = choice, member.endpoint == failed else { break }
            choice = choose(destination, hash, &random)
        }
        return choice
    }

    private mutating func choose(
        _ destination: DestinationHandle,
        _ hash: UInt64?,
        _ random: inout RandomSource
    ) -> Choice {
        let endpoints = destination.endpoints
        let chosen = balance(destination, hash, &random)
        // A name without address has no part: its neighbours get its requests.
        for offset in 0..<endpoints.count {
            let endpoint = endpoints[(chosen &+ offset) % endpoints.count]
            guard let id = resolve(endpoint, hash) else { continue }
            let member = ClusterMember(cluster: destination.clusterID, endpoint: id)
            return .endpoint(member, counter: endpoint.counter)
        }
        for endpoint in endpoints where !names[endpoint.id].pointee.isKnown {
            return .awaitsAddress(counter: endpoints[chosen].counter)
        }
        return .none(counter: endpoints[chosen].counter)
    }

    private mutating func balance(
        _ destination: DestinationHandle,
        _ hash: UInt64?,
        _ random: inout RandomSource
    ) -> Int {
        let endpoints = destination.endpoints
        if endpoints.count == 1 { return 0 }
        switch destination.balancing {
        case .hash:
            return hash.map { Balancer.rendezvous(endpoints, hash: $0) }
                ?? Balancer.draw(endpoints, random: random.next())
        case .random: return Balancer.draw(endpoints, random: random.next())
        case .roundRobin:
            return Balancer.turn(endpoints, clusters[destination.clusterID].pointee.nextTurn(&random))
        case .leastRequest:
            let one = Balancer.draw(endpoints, random: random.next())
            let other = Balancer.draw(endpoints, random: random.next())
            return load(endpoints[other], destination) < load(endpoints[one], destination) ? other : one
        }
    }

    private mutating func load(_ endpoint: EndpointRecord, _ destination: DestinationHandle) -> Int32 {
        pools[ClusterMember(cluster: destination.clusterID, endpoint: endpoint.id)].pointee.active
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
