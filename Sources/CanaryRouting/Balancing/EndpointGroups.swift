// SPDX-License-Identifier: Apache-2.0

/// Endpoints of a cluster that lie side by side in ``DestinationHandle/endpoints``: those of one locality and priority.
package struct EndpointGroup: BitwiseCopyable, Sendable, Equatable {
    /// 0 is the first; without gaps, and never falling from group to group.
    package var priority: Int32
    /// Among the groups of the priority.
    package var weight: UInt32
    package var start: Int32
    package var count: Int32

    /// The only one of a cluster with so many endpoints.
    package static func whole(_ count: Int) -> EndpointGroup {
        EndpointGroup(priority: 0, weight: 1, start: 0, count: Int32(clamping: count))
    }

    package var range: Range<Int> { Int(start)..<Int(start) + Int(count) }
}

/// Which shares of the requests the priorities and localities of a cluster get, by how many of their endpoints are healthy:
/// Envoy's `LoadBalancerBase` and locality weighted balancing. Made anew when health or endpoints change; a choice
/// allocates nothing.
package struct PriorityLoad: Sendable, Equatable {
    /// Envoy's overprovisioning factor, in percent.
    private static let factor = 140

    /// In percent, by priority; their sum is 100.
    package private(set) var percentages: [Int]
    /// By priority: whether all its endpoints get requests, healthy or not.
    package private(set) var isInPanic: [Bool]
    /// By group: its weight times how healthy it is.
    private var weights: [Double]
    private let groups: [EndpointGroup]
    /// By priority, 0 to 100.
    private let availability: [Int]

    /// `healthy` is by group; `policy` says when there is panic.
    package init(_ groups: [EndpointGroup], healthy: [Int], policy: OutlierPolicy) {
        self.groups = groups
        let count = Int(groups.last?.priority ?? 0) + 1
        var totals = [(healthy: Int, all: Int)](repeating: (0, 0), count: count)
        for (group, healthy) in zip(groups, healthy) {
            totals[Int(group.priority)].healthy += healthy
            totals[Int(group.priority)].all += Int(group.count)
        }
        availability = totals.map { Self.availability($0.healthy, of: $0.all) }
        percentages = Self.shares(availability)
        let isWhole = min(availability.reduce(0, +), 100) == 100
        let isInPanic = totals.map { total in
            !isWhole && total.all > 0 && 100 * total.healthy < Int(policy.minHealthPercent) * total.all
        }
        self.isInPanic = isInPanic
        weights = zip(groups, healthy).map { group, healthy in
            let share =
                isInPanic[Int(group.priority)] ? 100 : Self.availability(healthy, of: Int(group.count))
            return Double(group.weight) * Double(share) / 100
        }
        // Where every priority is in panic, endpoints are all that counts.
        if isInPanic.allSatisfy({ $0 }) {
            let all = totals.reduce(0) { $0 + $1.all }
            percentages = Self.rounded(totals.map { all > 0 ? 100 * $0.all / all : 0 })
        }
    }

    /// The group that a request goes to, an index; `nil` where there is none. Both numbers must be uniform over all 64-bit
    /// values; for a request that a hash leads to its endpoint they are the hash, so that its user stays.
    package func choose(_ random: (priority: UInt64, group: UInt64)) -> Int? {
        let priority = priority(random.priority)
        var total = 0.0
        for index in groups.indices where groups[index].priority == priority { total += weights[index] }
        guard total > 0 else { return groups.firstIndex { $0.priority == priority } }
        var left = Double(random.group >> 11) * 0x1p-53 * total
        var last: Int?
        for index in groups.indices where groups[index].priority == priority && weights[index] > 0 {
            last = index
            if left < weights[index] { return index }
            left -= weights[index]
        }
        return last
    }

    private func priority(_ random: UInt64) -> Int32 {
        var left = Int(random.multipliedFullWidth(by: 100).high)
        for index in percentages.indices {
            if left < percentages[index] { return Int32(clamping: index) }
            left -= percentages[index]
        }
        return 0
    }

    /// The same without some priorities, a set of bits, unless nothing would be left.
    package func avoiding(_ priorities: UInt64) -> PriorityLoad {
        guard hasOthers(than: priorities) else { return self }
        var copy = self
        copy.percentages = Self.shares(availability(without: priorities))
        return copy
    }

    fileprivate func hasOthers(than priorities: UInt64) -> Bool {
        availability(without: priorities).contains { $0 > 0 }
    }

    private func availability(without priorities: UInt64) -> [Int] {
        availability.enumerated().map { priority, own in
            TriedPriorities.bit(Int32(clamping: priority)) & priorities != 0 ? 0 : own
        }
    }

    private static func availability(_ healthy: Int, of all: Int) -> Int {
        all > 0 ? min(factor * healthy / all, 100) : 0
    }

    /// Each priority gets as much as it is able to, the first one first; what is missing to a whole is shared in proportion.
    private static func shares(_ availability: [Int]) -> [Int] {
        let total = min(availability.reduce(0, +), 100)
        guard total > 0 else { return availability.indices.map { $0 == 0 ? 100 : 0 } }
        var left = 100
        return rounded(
            availability.map { own in
                let share = min(left, own * 100 / total)
                left -= share
                return share
            }
        )
    }

    /// What was lost by rounding goes to the first that has any.
    private static func rounded(_ shares: [Int]) -> [Int] {
        var shares = shares
        if let first = shares.firstIndex(where: { $0 > 0 }) { shares[first] += 100 - shares.reduce(0, +) }
        return shares
    }
}

/// The priorities that a request was tried at, for a retry with `retryRemoteLocalities`: Envoy's `previous_priorities`, which
/// leaves out those that were tried after every second try, and begins anew when none is left.
package struct TriedPriorities: BitwiseCopyable, Sendable {
    /// istiod's `update_frequency`.
    private static let frequency = 2

    private var count = 0
    private var tried: UInt64 = 0
    private var leftOut: UInt64 = 0

    package init() {}

    package mutating func insert(_ priority: Int32) {
        count += 1
        tried |= Self.bit(priority)
    }

    /// Those that the next try leaves out, as a set of bits.
    package mutating func avoided(_ load: PriorityLoad) -> UInt64 {
        guard count >= Self.frequency else { return 0 }
        if count.isMultiple(of: Self.frequency) { leftOut |= tried }
        if !load.hasOthers(than: leftOut) { self = TriedPriorities() }
        return leftOut
    }

    /// No cluster has as many priorities as there are bits; the last one would stand for all beyond.
    fileprivate static func bit(_ priority: Int32) -> UInt64 { 1 << UInt64(min(max(priority, 0), 63)) }
}
