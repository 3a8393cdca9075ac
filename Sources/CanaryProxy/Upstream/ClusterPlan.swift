// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting

/// How a worker goes through a cluster whose endpoints are not all alike: by weights, or by localities and their priorities.
/// Made for one membership of the cluster; a choice allocates nothing.
struct ClusterPlan: ~Copyable {
    /// The endpoints of one locality and priority.
    private struct Group {
        /// Indices of the endpoints that get requests.
        var members: [Int32]
        /// By member.
        var weights: [UInt32]
        var totalWeight: UInt64
        var haveOneWeight: Bool
        /// Where weights differ.
        var schedule: WeightedSchedule?
        var turn: UInt64
    }

    let membership: UInt64
    private let load: PriorityLoad
    private var groups: [Group]
    /// By index of the endpoint.
    private let groupOfEndpoint: [Int32]

    init(_ destination: DestinationHandle, _ random: inout RandomSource) {
        let endpoints = destination.endpoints
        membership = destination.membership
        let ranked = destination.groups.isEmpty ? [.whole(endpoints.count)] : Array(destination.groups)
        load = PriorityLoad(ranked, healthy: ranked.map { Int($0.count) }, policy: destination.outliers)
        groups = []
        var groupOfEndpoint = [Int32](repeating: -1, count: endpoints.count)
        for (number, group) in ranked.enumerated() {
            for index in group.range { groupOfEndpoint[index] = Int32(clamping: number) }
            groups.append(Self.group(Array(group.range), endpoints, destination.balancing, &random))
        }
        self.groupOfEndpoint = groupOfEndpoint
    }

    private static func group(
        _ members: [Int],
        _ endpoints: UnsafeBufferPointer<EndpointRecord>,
        _ balancing: EndpointBalancing,
        _ random: inout RandomSource
    ) -> Group {
        let weights = members.map { max(endpoints[$0].weight, 1) }
        var group = Group(
            members: members.map { Int32(clamping: $0) },
            weights: weights,
            totalWeight: weights.reduce(0) { $0 &+ UInt64($1) },
            haveOneWeight: weights.allSatisfy { $0 == weights.first },
            turn: random.next() >> 32
        )
        if !group.haveOneWeight, balancing == .roundRobin || balancing == .leastRequest {
            group.schedule = WeightedSchedule(count: members.count, random: random.next()) {
                Double(weights[$0])
            }
        }
        return group
    }

    // MARK: - Choice

    /// The endpoint that is next, an index; `nil` where none gets requests. `active` are the requests under way at one.
    mutating func next(
        _ balancing: EndpointBalancing,
        _ random: inout RandomSource,
        active: (Int) -> UInt32
    ) -> Int? {
        let draws = groups.count > 1 ? (priority: random.next(), group: random.next()) : (0, 0)
        guard let number = load.choose(draws), !groups[number].members.isEmpty else { return nil }
        let member = Self.next(&groups[number], balancing, &random, active: active)
        return Int(groups[number].members[member])
    }

    private static func next(
        _ group: inout Group,
        _ balancing: EndpointBalancing,
        _ random: inout RandomSource,
        active: (Int) -> UInt32
    ) -> Int {
        let members = group.members
        switch balancing {
        case .hash, .random:
            return group.haveOneWeight
                ? EndpointChoice.uniform(count: members.count, random: random.next())
                : draw(group, random.next())
        case .roundRobin:
            let weights = group.weights
            if let next = group.schedule?.next({ Double(weights[$0]) }) { return next }
            group.turn &+= 1
            return Int(group.turn % UInt64(members.count))
        case .leastRequest:
            let weights = group.weights
            let weigh = { (member: Int) in
                EndpointChoice.leastRequestWeight(
                    Double(weights[member]),
                    activeRequests: active(Int(members[member]))
                )
            }
            if let next = group.schedule?.next(weigh) { return next }
            return EndpointChoice.leastRequest(count: members.count, random: (random.next(), random.next())) {
                active(Int(members[$0]))
            }
        }
    }

    private static func draw(_ group: Group, _ random: UInt64) -> Int {
        var left = random.multipliedFullWidth(by: group.totalWeight).high
        for (member, weight) in group.weights.enumerated() {
            if left < weight { return member }
            left &-= UInt64(weight)
        }
        return max(group.members.count - 1, 0)
    }

    /// The endpoint of a user's hash, an index; `nil` where none gets requests.
    func endpoint(ofHash hash: UInt64, of destination: DestinationHandle) -> Int? {
        guard let number = load.choose((hash, hash)) else { return nil }
        return destination.endpoint(ofHash: hash) { groupOfEndpoint[$0] == Int32(clamping: number) }
    }
}
