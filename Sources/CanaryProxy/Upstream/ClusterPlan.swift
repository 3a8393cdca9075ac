// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting

/// How a worker goes through a cluster whose endpoints are not all alike: by weights, by localities and their priorities,
/// without those that are ejected, with less for those that warm up. Made for one membership of the cluster and one state of
/// its health; a choice allocates nothing.
struct ClusterPlan: ~Copyable {
    private let membership: UInt64
    private let healthVersion: Int
    /// When the last endpoint is warm, in milliseconds of the loop's clock; from then on another plan is faster.
    private let warmAt: Int64?
    private let load: PriorityLoad
    private var groups: [EndpointTurns]
    /// By index of the endpoint, the group that it gets requests in; -1 for none.
    private let groupOfEndpoint: [Int32]
    /// The addresses of names that get no requests where there is no panic.
    private let ejected: Set<UInt64>

    init(_ destination: DestinationHandle, _ now: Int64, _ random: inout RandomSource) {
        let endpoints = destination.endpoints
        let view =
            unsafe destination.health?._withUnsafeGuaranteedRef { $0.view(now: now) } ?? ClusterHealth.View()
        membership = destination.membership
        healthVersion = view.version
        let ranked = destination.groups.isEmpty ? [.whole(endpoints.count)] : Array(destination.groups)
        let healthy = ranked.map { $0.range.filter { !view.ejected.contains(endpoints[$0].id) } }
        load = PriorityLoad(ranked, healthy: healthy.map(\.count), policy: destination.outliers)
        let ages = Ages(destination, view)
        warmAt = ages.warmAt.flatMap { $0 > now ? $0 : nil }
        groups = []
        var groupOfEndpoint = [Int32](repeating: -1, count: endpoints.count)
        for (number, group) in ranked.enumerated() {
            let members = load.isInPanic[Int(group.priority)] ? Array(group.range) : healthy[number]
            for index in members { groupOfEndpoint[index] = Int32(clamping: number) }
            groups.append(EndpointTurns(members, destination, ages, isWarm: warmAt == nil, now, &random))
        }
        self.groupOfEndpoint = groupOfEndpoint
        let hasNames = endpoints.contains(where: \.isName)
        ejected = hasNames ? view.ejected : []
    }

    /// Whether an address gets no requests, of a name in a priority.
    func avoids(_ address: UInt64, inPriority priority: Int32) -> Bool {
        ejected.contains(address) && !load.isInPanic[Int(priority)]
    }

    /// Whether it is what a destination asks for.
    func holds(for destination: DestinationHandle, _ version: Int, _ now: Int64) -> Bool {
        membership == destination.membership && healthVersion == version && now < warmAt ?? .max
    }

    /// The endpoint that is next, an index; `nil` where none gets requests. `active` are the requests under way at one, and
    /// `avoided` the priorities that are left out.
    mutating func next(
        _ balancing: EndpointBalancing,
        _ now: Int64,
        _ random: inout RandomSource,
        avoided: UInt64,
        active: (Int) -> UInt32
    ) -> Int? {
        let draws = groups.count > 1 ? (priority: random.next(), group: random.next()) : (0, 0)
        let chosen = avoided == 0 ? load.choose(draws) : load.avoiding(avoided).choose(draws)
        guard let number = chosen else { return nil }
        return groups[number].next(balancing, now, &random, active: active)
    }

    /// The endpoint of a user's hash, an index; `nil` where none gets requests.
    func endpoint(ofHash hash: UInt64, attempt: Int, of destination: DestinationHandle) -> Int? {
        guard let number = load.choose((hash, hash)) else { return nil }
        return destination.endpoint(ofHash: hash, attempt: attempt) {
            groupOfEndpoint[$0] == Int32(clamping: number)
        }
    }

    /// The priorities that a retry leaves out, as a set of bits.
    func avoided(_ tried: inout TriedPriorities) -> UInt64 { tried.avoided(load) }
}

/// Since when the endpoints of a cluster get requests, where that matters.
struct Ages {
    let policy: WarmUpPolicy
    /// By index of the endpoint; empty where nothing warms up.
    let joinedAt: [Int64]

    init(_ destination: DestinationHandle, _ view: ClusterHealth.View) {
        policy = destination.warmUp
        let takesTurns = destination.balancing == .roundRobin || destination.balancing == .leastRequest
        let isOn = policy.milliseconds > 0 && takesTurns
        joinedAt = isOn ? destination.endpoints.map { view.joinedAt[$0.id] ?? 0 } : []
    }

    /// When all are warm; `nil` for always.
    var warmAt: Int64? { joinedAt.max().map { $0 &+ policy.milliseconds } }

    func factor(_ index: Int, _ now: Int64) -> Double {
        joinedAt.isEmpty ? 1 : policy.factor(age: now &- joinedAt[index])
    }
}

/// Whose turn it is among the endpoints of one locality and priority.
struct EndpointTurns {
    /// Indices of those that get requests.
    private let members: [Int]
    /// By member.
    private let weights: [UInt32]
    private let totalWeight: UInt64
    private let haveOneWeight: Bool
    private let ages: Ages
    /// Where weights differ, or endpoints warm up.
    private var schedule: WeightedSchedule?
    private var turn: UInt64

    init(
        _ members: [Int],
        _ destination: DestinationHandle,
        _ ages: Ages,
        isWarm: Bool,
        _ now: Int64,
        _ random: inout RandomSource
    ) {
        let endpoints = destination.endpoints
        let weights = members.map { endpoints[$0].weight }
        self.members = members
        self.weights = weights
        self.ages = ages
        totalWeight = weights.reduce(0) { $0 &+ UInt64($1) }
        haveOneWeight = weights.allSatisfy { $0 == weights.first }
        turn = random.next() >> 32
        let takesTurns = destination.balancing == .roundRobin || destination.balancing == .leastRequest
        guard takesTurns, !haveOneWeight || !isWarm else { return }
        schedule = WeightedSchedule(count: members.count, random: random.next()) {
            Double(weights[$0]) * ages.factor(members[$0], now)
        }
    }

    /// The endpoint that is next, an index; `nil` without any.
    mutating func next(
        _ balancing: EndpointBalancing,
        _ now: Int64,
        _ random: inout RandomSource,
        active: (Int) -> UInt32
    ) -> Int? {
        guard members.count > 1 else { return members.first }
        switch balancing {
        case .hash, .random: return members[draw(random.next())]
        case .roundRobin:
            let (weights, members, ages) = (weights, members, ages)
            if let next = schedule?.next({ Double(weights[$0]) * ages.factor(members[$0], now) }) {
                return members[next]
            }
            turn &+= 1
            return members[Int(turn % UInt64(members.count))]
        case .leastRequest:
            let (weights, members, ages) = (weights, members, ages)
            let weigh = { (member: Int) in
                let weight = Double(weights[member]) * ages.factor(members[member], now)
                return EndpointChoice.leastRequestWeight(weight, activeRequests: active(members[member]))
            }
            if let next = schedule?.next(weigh) { return members[next] }
            let draws = (random.next(), random.next())
            return members[
                EndpointChoice.leastRequest(count: members.count, random: draws) { active(members[$0]) }
            ]
        }
    }

    private func draw(_ random: UInt64) -> Int {
        if haveOneWeight { return EndpointChoice.uniform(count: members.count, random: random) }
        var left = random.multipliedFullWidth(by: totalWeight).high
        for (member, weight) in weights.enumerated() {
            if left < weight { return member }
            left &-= UInt64(weight)
        }
        return members.count - 1
    }
}
