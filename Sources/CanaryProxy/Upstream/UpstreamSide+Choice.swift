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

    /// An endpoint of `destination`, one that is not among those that were tried, if such a one is met soon. `priorities`, a set
    /// of bits, are left out. What is known of the request is looked at only where a hash needs it: it is much to be copied.
    mutating func choose(
        _ destination: DestinationHandle,
        for facts: @autoclosure () -> RequestFacts,
        avoiding tried: TriedEndpoints?,
        priorities: UInt64 = 0,
        at now: Int64,
        _ random: inout RandomSource
    ) -> Choice {
        guard destination.endpoints.count > 0 else { return .none(counter: destination.counter) }
        let hash = destination.balancing == .hash ? destination.endpointHash(for: facts()) : nil
        var avoidance = Avoidance(priorities: priorities)
        var choice = choose(destination, hash, avoidance, now, &random)
        guard let tried else { return choice }
        for attempt in 1...TriedEndpoints.reselections {
            guard case .endpoint(let member, _) = choice, tried.contains(member.endpoint) else { break }
            avoidance.attempt = attempt
            choice = choose(destination, hash, avoidance, now, &random)
        }
        return choice
    }

    /// What a choice keeps away from.
    private struct Avoidance {
        /// As a set of bits.
        var priorities: UInt64
        /// How far from the place that a hash leads to.
        var attempt = 0
    }

    /// The priorities that a retry leaves out, where those count that were tried. A hash has its own way to its endpoint.
    mutating func avoidedPriorities(
        _ tried: inout TriedPriorities,
        _ destination: DestinationHandle,
        _ now: Int64,
        _ random: inout RandomSource
    ) -> UInt64 {
        guard destination.groups.count > 1, destination.balancing != .hash else { return 0 }
        let plan = clusters[destination.clusterID].pointee.plan(for: destination, now, &random)
        return plan.pointee.avoided(&tried)
    }

    /// The priority of an endpoint, or of the name that it is an address of; `nil` where the destination has it no longer.
    mutating func priority(of id: UInt64, in destination: DestinationHandle) -> Int32? {
        for (index, endpoint) in destination.endpoints.enumerated() {
            let isMeant =
                endpoint.isName
                ? names[endpoint.id].pointee.addresses.contains { $0.id == id } : endpoint.id == id
            if isMeant { return destination.priority(ofEndpoint: index) }
        }
        return nil
    }

    private mutating func choose(
        _ destination: DestinationHandle,
        _ hash: UInt64?,
        _ avoidance: Avoidance,
        _ now: Int64,
        _ random: inout RandomSource
    ) -> Choice {
        let endpoints = destination.endpoints
        let found =
            destination.isUniform
            ? pick(destination, hash, avoidance.attempt, &random)
            : planned(destination, hash, avoidance, now, &random)
        guard let chosen = found else { return .none(counter: destination.counter) }
        // A name without address has no part: its neighbours get its requests.
        for offset in 0..<endpoints.count {
            let index = (chosen &+ offset) % endpoints.count
            let endpoint = endpoints[index]
            guard let id = endpoint.isName ? address(of: index, hash, destination) : endpoint.id else {
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

    /// The address of a name that is next.
    private mutating func address(
        of index: Int,
        _ hash: UInt64?,
        _ destination: DestinationHandle
    ) -> UInt64? {
        let name = names[destination.endpoints[index].id]
        guard unsafe destination.health != nil, let plan = clusters[destination.clusterID].pointee.presentPlan
        else {
            return name.pointee.next(hash) { _ in false }
        }
        let priority = destination.priority(ofEndpoint: index)
        return name.pointee.next(hash) { plan.pointee.avoids($0, inPriority: priority) }
    }

    /// An index where all endpoints are alike.
    private mutating func pick(
        _ destination: DestinationHandle,
        _ hash: UInt64?,
        _ attempt: Int,
        _ random: inout RandomSource
    ) -> Int? {
        let count = destination.endpoints.count
        if count == 1 { return 0 }
        switch destination.balancing {
        case .hash:
            guard let hash else { return EndpointChoice.uniform(count: count, random: random.next()) }
            return destination.endpoint(ofHash: hash, attempt: attempt) { _ in true }
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
        _ avoidance: Avoidance,
        _ now: Int64,
        _ random: inout RandomSource
    ) -> Int? {
        let plan = clusters[destination.clusterID].pointee.plan(for: destination, now, &random)
        if let hash {
            return plan.pointee.endpoint(ofHash: hash, attempt: avoidance.attempt, of: destination)
        }
        return plan.pointee.next(destination.balancing, now, &random, avoided: avoidance.priorities) {
            active($0, destination)
        }
    }

    /// How many requests this worker has under way at an endpoint.
    private mutating func active(_ index: Int, _ destination: DestinationHandle) -> UInt32 {
        let id = destination.endpoints[index].id
        return pools[ClusterMember(cluster: destination.clusterID, endpoint: id)].pointee.active
    }
}
