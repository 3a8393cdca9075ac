// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// How a cluster's endpoints rank for a client, by where they are: istiod's `loadbalancer.ApplyLocalityLoadBalancer`.
enum LocalityPlan {
    struct Member {
        var locality: Locality
        var labels: [String: String]
        var weight: UInt32
    }

    /// The endpoints of one locality that are of one priority.
    struct Group: Equatable {
        /// Of 0 first; without gaps.
        var priority: Int
        /// Among the groups of the priority.
        var weight: UInt32
        /// Indices of the members.
        var members: [Int]
    }

    /// The groups by priority, then by their first member. `distribute` wins over failover; failover needs outlier detection,
    /// and then holds without any policy. Endpoints that `distribute` names no share for are in no group.
    static func groups(
        _ members: [Member],
        client: Locality,
        labels: [String: String],
        policy: LocalityPolicy?,
        detectsOutliers: Bool
    ) -> [Group] {
        let policy = policy ?? .standard
        guard !members.isEmpty else { return [] }
        let together = [Group(priority: 0, weight: weight(members), members: Array(members.indices))]
        guard policy.isEnabled else { return together }
        if !policy.distribute.isEmpty {
            let shares = policy.distribute.first { client.matches($0.from) }?.to
            return shares.map { distributed(members, $0) } ?? together
        }
        guard detectsOutliers else { return together }
        let priorities = members.map { member in
            policy.failoverPriority.isEmpty
                ? priority(of: member.locality, client, policy.failover)
                : priority(of: member, client, labels, policy.failoverPriority)
        }
        let ranks = Dictionary(zip(Set(priorities).sorted(), 0...)) { first, _ in first }
        return byLocality(members).flatMap { indices in
            Dictionary(grouping: indices) { ranks[priorities[$0]] ?? 0 }.map { priority, indices in
                Group(priority: priority, weight: weight(indices.map { members[$0] }), members: indices)
            }
        }.sorted { ($0.priority, $0.members[0]) < ($1.priority, $1.members[0]) }
    }

    /// Each share goes to the localities that its pattern covers and no more specific one does, in proportion to what their
    /// endpoints weigh.
    private static func distributed(_ members: [Member], _ shares: [String: Int]) -> [Group] {
        var localities = byLocality(members)
        var groups: [Group] = []
        for (pattern, share) in shares.sorted(by: { isMoreSpecific($0.key, $1.key) }) {
            let covered = localities.filter { members[$0[0]].locality.matches(pattern) }
            localities.removeAll { members[$0[0]].locality.matches(pattern) }
            let total = covered.reduce(0.0) { sum, indices in
                sum + Double(weight(indices.map { members[$0] }))
            }
            for indices in covered where share > 0 {
                let own = Double(weight(indices.map { members[$0] }))
                let weight = UInt32((own * Double(share) / total).rounded(.up))
                groups.append(Group(priority: 0, weight: weight, members: indices))
            }
        }
        return groups.sorted { $0.members[0] < $1.members[0] }
    }

    private static func isMoreSpecific(_ left: String, _ right: String) -> Bool {
        func rank(_ pattern: String) -> (Int, Int) {
            (pattern.utf8.count { $0 == UInt8(ascii: "*") }, -pattern.utf8.count { $0 == UInt8(ascii: "/") })
        }
        let (mine, other) = (rank(left), rank(right))
        return mine == other ? left < right : mine < other
    }

    /// The same sub-zone 0, zone 1, region 2, the region to fail over to 3 as any other without such a setting, else 4.
    private static func priority(
        of locality: Locality,
        _ client: Locality,
        _ failover: [LocalityPolicy.Failover]
    ) -> Int {
        guard locality.region == client.region else {
            let setting = failover.first { $0.from == client.region }
            return setting.map { $0.to == locality.region ? 3 : 4 } ?? 3
        }
        guard locality.zone == client.zone else { return 2 }
        return locality.subzone == client.subzone ? 0 : 1
    }

    /// The number of labels less those, from the first on, in which endpoint and client agree; `name=value` asks the endpoint
    /// for that value, whatever the client's.
    private static func priority(
        of member: Member,
        _ client: Locality,
        _ labels: [String: String],
        _ wanted: [String]
    ) -> Int {
        func value(_ name: String, _ labels: [String: String], _ locality: Locality) -> String? {
            if let value = labels[name] { return value }
            switch name {
            case Locality.regionLabel: return locality.region
            case Locality.zoneLabel: return locality.zone
            case Locality.subzoneLabel: return locality.subzone
            default: return nil
            }
        }
        let agreed = wanted.prefix { text in
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            let own = parts.count > 1 ? String(parts[1]) : value(name, labels, client)
            return (own ?? "") == (value(name, member.labels, member.locality) ?? "")
        }
        return wanted.count - agreed.count
    }

    private static func byLocality(_ members: [Member]) -> [[Int]] {
        Dictionary(grouping: members.indices) { members[$0].locality }.values.map { Array($0) }
            .sorted { $0[0] < $1[0] }
    }

    private static func weight(_ members: [Member]) -> UInt32 {
        UInt32(clamping: members.reduce(0) { $0 + UInt64($1.weight) })
    }
}
