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

    /// An endpoint of `destination`, one that is not among those that were tried, if such a one is met soon.
    mutating func choose(
        _ destination: DestinationHandle,
        for facts: RequestFacts,
        avoiding tried: TriedEndpoints?,
        at now: Int64,
        _ random: inout RandomSource
    ) -> Choice {
        guard destination.endpoints.count > 0 else { return .none(counter: destination.counter) }
        let hash = destination.endpointHash(for: facts)
        var choice = choose(destination, hash, now, &random)
        guard let tried, hash == nil else { return choice }
        for _ in 0..<TriedEndpoints.reselections {
            guard case .endpoint(let member, _) = choice, tried.contains(member.endpoint) else { break }
            choice = choose(destination, hash, now, &random)
        }
        return choice
    }

    private mutating func choose(
        _ destination: DestinationHandle,
        _ hash: UInt64?,
        _ now: Int64,
        _ random: inout RandomSource
    ) -> Choice {
        let endpoints = destination.endpoints
        let found =
            destination.isUniform
            ? pick(destination, hash, &random) : planned(destination, hash, now, &random)
        guard let chosen = found else { return .none(counter: destination.counter) }
        // A name without address has no part: its neighbours get its requests.
        for offset in 0..<endpoints.count {
            let endpoint = endpoints[(chosen &+ offset) % endpoints.count]
            guard let id = endpoint.isName ? names[endpoint.id].pointee.next(hash) : endpoint.id else {
                continue
            }
            let member = ClusterMember(cluster: destination.clusterID, endpoint: id)
            return .endpoint(member, counter: endpoint.counter)
        }
        for endpoint in endpoints where !names[endpoint.id].pointee.isKnown {
            return .awaitsAddress(counter: endpoints[chosen].counter)
        }
        return .none(counter: endpoints[chosen].counter)
    }

    /// An index where all endpoints are alike.
    private mutating func pick(
        _ destination: DestinationHandle,
        _ hash: UInt64?,
        _ random: inout RandomSource
    ) -> Int? {
        let count = destination.endpoints.count
        if count == 1 { return 0 }
        switch destination.balancing {
        case .hash:
            guard let hash else { return EndpointChoice.uniform(count: count, random: random.next()) }
            return destination.endpoint(ofHash: hash) { _ in true }
        case .random: return EndpointChoice.uniform(count: count, random: random.next())
        case .roundRobin:
            return Int(clusters[destination.clusterID].pointee.nextTurn(&random) % UInt64(count))
        case .leastRequest:
            let draws = (random.next(), random.next())
            return EndpointChoice.leastRequest(count: count, random: draws) { active($0, destination) }
        }
    }

    /// An index where they are not.
    private mutating func planned(
        _ destination: DestinationHandle,
        _ hash: UInt64?,
        _ now: Int64,
        _ random: inout RandomSource
    ) -> Int? {
        let plan = clusters[destination.clusterID].pointee.plan(for: destination, now, &random)
        if let hash { return plan.pointee.endpoint(ofHash: hash, of: destination) }
        return plan.pointee.next(destination.balancing, now, &random) { active($0, destination) }
    }

    /// How many requests this worker has under way at an endpoint.
    private mutating func active(_ index: Int, _ destination: DestinationHandle) -> UInt32 {
        let id = destination.endpoints[index].id
        return pools[ClusterMember(cluster: destination.clusterID, endpoint: id)].pointee.active
    }
}
