// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources

/// From a user's hash to an endpoint, by addresses and weights alone: all proxies agree, also after a restart, and when an
/// endpoint comes or goes, few others' users move. Made once for a cluster's endpoints, then only read.
///
/// `@unchecked Sendable`: nothing changes after `init`.
final class EndpointHashTable: @unchecked Sendable {
    /// Leads into the table's own memory.
    let record: EndpointHashTableRecord
    private let arena = RoutingArena()

    /// `endpoints` are addresses as text (`10.0.0.1:80`) with their weights; results are indices of it.
    init(_ kind: TrafficPolicy.HashTable, _ endpoints: [(address: String, weight: UInt32)]) {
        // The order of endpoints must not matter.
        let order = endpoints.indices.sorted { endpoints[$0].address < endpoints[$1].address }
        switch kind {
        case .ring(let minimumSize):
            let points = Self.ring(endpoints, order, minimumSize: minimumSize)
            record = EndpointHashTableRecord(points: arena.store(points))
        case .maglev(let size):
            record = EndpointHashTableRecord(places: arena.store(Self.maglev(endpoints, order, size: size)))
        }
    }

    // MARK: - Ring

    /// Envoy's limit.
    private static let maximumRingSize = 8 << 20

    /// Envoy's `RingHashLoadBalancer`, after ketama: each endpoint has points in proportion to its weight, the lightest a whole
    /// number of them, all together at least `minimumSize`; the i-th point is the hash of `ADDRESS_i`.
    private static func ring(
        _ endpoints: [(address: String, weight: UInt32)],
        _ order: [Int],
        minimumSize: Int
    ) -> [EndpointHashTableRecord.Point] {
        guard !endpoints.isEmpty else { return [] }
        let total = endpoints.reduce(0.0) { $0 + Double($1.weight) }
        let least = endpoints.reduce(total) { min($0, Double($1.weight)) } / total
        let wanted = Double(min(max(minimumSize, 1), maximumRingSize))
        let scale = min((least * wanted).rounded(.up) / least, Double(maximumRingSize))
        var points: [EndpointHashTableRecord.Point] = []
        points.reserveCapacity(Int(scale.rounded(.up)))
        var target = 0.0
        for index in order {
            target += scale * (Double(endpoints[index].weight) / total)
            var number = 0
            while Double(points.count) < target {
                let hash = XXHash64.of("\(endpoints[index].address)_\(number)")
                points.append(.init(hash: hash, index: UInt32(truncatingIfNeeded: index)))
                number += 1
            }
        }
        points.sort { ($0.hash, $0.index) < ($1.hash, $1.index) }
        return points
    }

    // MARK: - Maglev

    /// Envoy's `MaglevTable` (Eisenbud et al., "Maglev", NSDI 2016, 3.4), with weights: in each round an endpoint takes the
    /// next free place of its own permutation, the heaviest ones in every round.
    private static func maglev(
        _ endpoints: [(address: String, weight: UInt32)],
        _ order: [Int],
        size: Int
    ) -> [UInt32] {
        // Istio's limit for tables.
        let size = min(max(size, 2), 5_000_011)
        guard !endpoints.isEmpty else { return [] }
        let heaviest = Double(endpoints.reduce(1) { max($0, $1.weight) })
        var entries = order.map { index in
            let address = endpoints[index].address
            return MaglevEntry(
                index: UInt32(truncatingIfNeeded: index),
                place: Int(XXHash64.of(address) % UInt64(size)),
                skip: Int(XXHash64.of(address, seed: 1) % UInt64(size - 1)) + 1,
                weight: Double(endpoints[index].weight)
            )
        }
        var table = [UInt32](repeating: .max, count: size)
        var filled = 0
        var round = 1.0
        while filled < size {
            for position in entries.indices where filled < size {
                guard round * entries[position].weight >= entries[position].target else { continue }
                entries[position].target += heaviest
                entries[position].claim(in: &table)
                filled += 1
            }
            round += 1
        }
        return table
    }

    private struct MaglevEntry {
        var index: UInt32
        /// Where it looks next.
        var place: Int
        var skip: Int
        var weight: Double
        var target: Double

        init(index: UInt32, place: Int, skip: Int, weight: Double) {
            (self.index, self.place, self.skip) = (index, place, skip)
            (self.weight, target) = (weight, weight)
        }

        mutating func claim(in table: inout [UInt32]) {
            while table[place] != .max { place = (place + skip) % table.count }
            table[place] = index
            place = (place + skip) % table.count
        }
    }
}

/// The same for the request path; valid as long as the table.
struct EndpointHashTableRecord: BitwiseCopyable {
    struct Point: BitwiseCopyable {
        var hash: UInt64
        var index: UInt32
    }

    /// Of a ring, by their hashes.
    var points = BorrowedList<Point>()
    /// Of a Maglev table.
    var places = BorrowedList<UInt32>()

    /// The index of the endpoint of a hash; `nil` without endpoints. Further `attempt`s (1, 2 …) lead to other ones, mostly:
    /// to the next point of the ring, or to the place of another hash, as in Envoy.
    func index(of hash: UInt64, attempt: Int = 0) -> Int? {
        if places.count > 0 {
            let mixed = attempt > 0 ? hash ^ (UInt64.max &- UInt64(attempt) &+ 1) : hash
            return Int(places[Int(mixed % UInt64(places.count))])
        }
        guard points.count > 0 else { return nil }
        var low = 0
        var high = points.count
        while low < high {
            let middle = (low + high) / 2
            if points[middle].hash < hash { low = middle + 1 } else { high = middle }
        }
        return Int(points[(low + attempt) % points.count].index)
    }

    /// The same among the endpoints that `isUsable` admits; `nil` where that is none. For a ring the result is that of a ring
    /// without the others.
    func index(of hash: UInt64, attempt: Int = 0, where isUsable: (Int) -> Bool) -> Int? {
        let steps = max(points.count, min(places.count, 64))
        for step in 0..<steps {
            guard let index = index(of: hash, attempt: attempt + step) else { return nil }
            if isUsable(index) { return index }
        }
        // So many are unusable that a Maglev table was asked in vain.
        for place in places where isUsable(Int(place)) { return Int(place) }
        return nil
    }
}
