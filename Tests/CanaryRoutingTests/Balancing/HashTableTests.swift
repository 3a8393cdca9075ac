// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Testing

@testable import CanaryResources
@testable import CanaryRouting

struct HashTableTests {
    private typealias Endpoints = [(address: String, weight: UInt32)]

    private static func endpoints(_ count: Int, weight: (Int) -> UInt32 = { _ in 1 }) -> Endpoints {
        (0..<count).map { ("10.0.0.\($0):80", weight($0)) }
    }

    private static let kinds: [TrafficPolicy.HashTable] = [.ring(minimumSize: 1024), .maglev(size: 65_537)]

    /// The address of each of some users.
    private func owners(
        _ kind: TrafficPolicy.HashTable,
        _ endpoints: Endpoints,
        users: Int = 5000,
        where isUsable: (String) -> Bool = { _ in true }
    ) -> [String] {
        let table = EndpointHashTable(kind, endpoints)
        return withExtendedLifetime(table) {
            (0..<users).map { user in
                let hash = XXHash64.of("user-\(user)")
                let index = table.record.index(of: hash) { isUsable(endpoints[$0].address) }
                return index.map { endpoints[$0].address } ?? "nobody"
            }
        }
    }

    @Test(arguments: [
        ("", 0, 0xef46_db37_51d8_e999), ("a", 0, 0xd24e_c4f1_a98c_6e5b), ("abc", 0, 0x44bc_2cf5_ad77_0999),
        ("Nobody inspects the spammish repetition", 0, 0xfbce_a83c_8a37_8bf1),
    ])
    func `XXH64 agrees with its published values`(text: String, seed: UInt64, wanted: UInt64) {
        #expect(XXHash64.of(text, seed: seed) == wanted)
    }

    /// What Envoy 1.40 chose for the header values `user-0` to `user-59`, by the last digit of the port.
    static let envoy: [(kind: TrafficPolicy.HashTable, wanted: String)] = [
        (.ring(minimumSize: 1024), "222222232323111221232212213221121221113211111211211123221113"),
        (.maglev(size: 65_537), "111111232111113323221122211121111212121221121113121232221212"),
    ]

    @Test(arguments: envoy)
    func `users get the endpoints that Envoy gives them`(kind: TrafficPolicy.HashTable, wanted: String) {
        let endpoints: Endpoints = [("127.0.0.1:19103", 1), ("127.0.0.1:19101", 2), ("127.0.0.1:19102", 3)]
        let found = owners(kind, endpoints, users: 60)
        #expect(String(found.compactMap(\.last)) == wanted)
    }

    @Test(arguments: kinds)
    func `tables do not depend on the order of the endpoints`(kind: TrafficPolicy.HashTable) {
        let endpoints = Self.endpoints(7) { $0 == 3 ? 5 : 1 }
        let once = owners(kind, endpoints)
        #expect(once == owners(kind, endpoints))
        #expect(once == owners(kind, endpoints.reversed()))
        var random = SeededGenerator(seed: 5)
        #expect(once == owners(kind, endpoints.shuffled(using: &random)))
    }

    @Test(arguments: kinds)
    func `users spread by weight`(kind: TrafficPolicy.HashTable) {
        let endpoints = Self.endpoints(4) { UInt32($0 + 1) }
        let found = owners(kind, endpoints, users: 40_000)
        for (index, endpoint) in endpoints.enumerated() {
            let share = Double(found.count { $0 == endpoint.address }) / 40_000
            // A ring of a thousand points is uneven by some percent.
            #expect(abs(share - Double(index + 1) / 10) < 0.04, "\(kind) \(endpoint.address) \(share)")
        }
    }

    @Test func `a Maglev table has as many places for each endpoint as its weight asks for`() {
        let table = EndpointHashTable(.maglev(size: 65_537), Self.endpoints(3) { [1, 2, 3][$0] })
        let places = table.record.places
        let counts = (0..<3).map { index in places.count { $0 == UInt32(index) } }
        #expect(places.count == 65_537)
        #expect(abs(counts[0] - 10_923) <= 2)
        #expect(abs(counts[1] - 21_846) <= 2)
        #expect(counts.reduce(0, +) == 65_537)
    }

    @Test func `a ring has at least the points that are asked for, the same for equal weights`() {
        for (count, size, wanted) in [(3, 1024, 1026), (3, 1, 3), (1, 1024, 1024), (2000, 1024, 2000)] {
            let table = EndpointHashTable(.ring(minimumSize: size), Self.endpoints(count))
            let points = table.record.points
            #expect(points.count == wanted)
            let first = points.count { $0.index == 0 }
            #expect(first == wanted / count)
        }
    }

    @Test(arguments: kinds)
    func `an endpoint that leaves moves its own users, and few others`(kind: TrafficPolicy.HashTable) {
        let all = Self.endpoints(10)
        let before = owners(kind, all)
        let after = owners(kind, all.filter { $0.address != "10.0.0.4:80" })
        let moved = zip(before, after).count { $0 != $1 && $0 != "10.0.0.4:80" }
        #expect(!after.contains("10.0.0.4:80"))
        // The others get a few points more; a plain remainder would move nine in ten.
        #expect(moved < 5000 / 10, "\(kind) \(moved)")
    }

    @Test func `who is ejected from a ring is as good as gone`() {
        let all = Self.endpoints(8)
        let ejected: Set = ["10.0.0.1:80", "10.0.0.6:80"]
        let before = owners(.ring(minimumSize: 4096), all)
        let skipped = owners(.ring(minimumSize: 4096), all) { !ejected.contains($0) }
        for (old, new) in zip(before, skipped) {
            if ejected.contains(old) { #expect(!ejected.contains(new)) } else { #expect(old == new) }
        }
    }

    @Test(arguments: kinds)
    func `one usable endpoint is found among many, and none among none`(kind: TrafficPolicy.HashTable) {
        let all = Self.endpoints(100)
        let one = owners(kind, all, users: 300) { $0 == "10.0.0.77:80" }
        #expect(Set(one) == ["10.0.0.77:80"])
        #expect(Set(owners(kind, all, users: 5) { _ in false }) == ["nobody"])
        #expect(owners(kind, [], users: 1) == ["nobody"])
    }

    @Test(arguments: kinds)
    func `further attempts lead to other endpoints`(kind: TrafficPolicy.HashTable) {
        let table = EndpointHashTable(kind, Self.endpoints(5))
        let differing = (0..<200).count { user in
            let hash = XXHash64.of("user-\(user)")
            return (1...5).contains {
                table.record.index(of: hash, attempt: $0) != table.record.index(of: hash)
            }
        }
        #expect(differing > 195)
    }

    @Test func `sizes out of range are harmless`() {
        for kind: TrafficPolicy.HashTable in [
            .ring(minimumSize: -1), .ring(minimumSize: 0), .maglev(size: -5), .maglev(size: 2),
        ] {
            let table = EndpointHashTable(kind, Self.endpoints(3))
            #expect(table.record.index(of: .max).map { $0 < 3 } == true)
        }
    }
}
