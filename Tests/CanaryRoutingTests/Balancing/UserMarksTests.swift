// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Synchronization
import Testing

@testable import CanaryMesh
@testable import CanaryResources
@testable import CanaryRouting

/// Which users were counted.
struct UserMarksTests {
    @Test func `a user is new once`() {
        let marks = UserMarks()
        // All in cells of their own.
        for user in (1...200 as ClosedRange<UInt64>).map({ $0 << 40 | $0 &* 641 }) {
            #expect(!marks.has(user, .seen))
            #expect(marks.mark(user, as: .seen) && !marks.mark(user, as: .seen))
            #expect(marks.has(user, .seen) && !marks.has(user, .failed))
            #expect(marks.mark(user, as: .failed) && !marks.mark(user, as: .failed))
        }
    }

    /// Too many users are too few that count, never too many.
    @Test func `however many users there are, no more count than there is room for`() {
        let marks = UserMarks()
        var random = SeededGenerator(seed: 5)
        let counted = (0..<3 * UserMarks.capacity).count { _ in marks.mark(random.next(), as: .seen) }
        #expect(counted <= UserMarks.capacity && counted > UserMarks.capacity * 9 / 10)
    }

    @Test func `workers that come at once count a user once`() async {
        let marks = UserMarks()
        let counted = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<4 {
                group.addTask { (0..<5000).count { marks.mark($0 &* 0x9e37_79b9, as: .seen) } }
            }
            return await group.reduce(0, +)
        }
        let users = Set((0..<5000 as Range<UInt64>).map { ($0 &* 0x9e37_79b9) % UInt64(UserMarks.capacity) })
        #expect(counted == users.count)
    }

    private static let sticky = object(
        .destinationRule,
        "helloworld",
        [
            "spec": [
                "host": "helloworld",
                "trafficPolicy": ["loadBalancer": ["consistentHash": ["httpHeaderName": "x-user"]]],
            ]
        ]
    )

    /// Whether a request is the first of its user in a table.
    private func isFirst(_ user: String, _ table: RoutingTable) -> Bool? {
        let arena = RoutingArena()
        var facts = Router.facts("/", "GET", ["x-user": user], "10.0.0.1", arena)
        facts.authority = arena.store("helloworld")
        facts.port = 5000
        return withExtendedLifetime((table, arena)) {
            let route = table.virtualHost(listener: 0, authority: facts.authority)?.route(for: facts)
            var hash: UInt64?
            _ = route?.destination(for: facts, random: 1, user: &hash)
            return route?.users?.mark(hash, as: .seen)
        }
    }

    private func table(_ split: KeyValuePairs<String, Int64>, epoch: Int64, _ identifiers: RoutingIdentifiers)
        -> RoutingTable
    {
        let routes = Helloworld.routes([["route": Helloworld.split(split)]]).created(1, routes: [epoch])
        let snapshot = ClusterSnapshot(revision: 1, Helloworld.backends + [Self.sticky, routes])
        return RoutingTableBuilder(snapshot: snapshot, namespace: "default", identifiers: identifiers).table()
    }

    @Test func `tables share what was counted as long as the split stays as it is`() {
        let identifiers = RoutingIdentifiers()
        let first = table(["v1": 80, "v2": 20], epoch: 1, identifiers)
        #expect(isFirst("ann", first) == true)
        let same = table(["v1": 80, "v2": 20], epoch: 1, identifiers)
        #expect(
            isFirst("ann", same) == false && isFirst("bob", same) == true && isFirst("bob", first) == false
        )
        let grown = table(["v1": 50, "v2": 50], epoch: 2, identifiers)
        #expect(isFirst("ann", grown) == true && isFirst("ann", first) == false)
        // A request without the key is drawn for itself.
        #expect(isFirst("", grown) == true && isFirst("", grown) == true)
        // Where everybody gets the same version, nobody is drawn.
        #expect(isFirst("ann", table(["v1": 1], epoch: 3, identifiers)) == nil)
    }

    /// Memory that several identifiers have in common, as those of proxies have files.
    private final class Memory: MarkMemory {
        final class Place: MarkPlace {
            private let address: UInt

            init(_ count: Int) {
                let made = UnsafeMutableRawPointer.allocate(byteCount: count, alignment: 4096)
                made.initializeMemory(as: UInt8.self, repeating: 0, count: count)
                address = UInt(bitPattern: made)
            }

            deinit { bytes?.deallocate() }

            var bytes: UnsafeMutableRawPointer? { UnsafeMutableRawPointer(bitPattern: address) }
        }

        private struct Weak: Sendable { weak let place: Place? }
        private let places = Mutex<[String: Weak]>([:])
        let isFull: Bool

        init(isFull: Bool = false) {
            self.isFull = isFull
        }

        func place(named name: String, bytes: Int) -> (any MarkPlace)? {
            guard !isFull else { return nil }
            return places.withLock { places in
                if let known = places[name]?.place { return known }
                let made = Place(bytes)
                places[name] = Weak(place: made)
                return made
            }
        }
    }

    @Test func `proxies with memory in common count a user once, as long as the split stays as it is`() {
        let memory = Memory()
        let proxies = (0..<2).map { _ in RoutingIdentifiers(memory: memory) }
        var tables = proxies.map { table(["v1": 80, "v2": 20], epoch: 1, $0) }
        #expect(isFirst("ann", tables[0]) == true && isFirst("ann", tables[1]) == false)
        #expect(isFirst("bob", tables[1]) == true && isFirst("bob", tables[0]) == false)
        tables = proxies.map { table(["v1": 50, "v2": 50], epoch: 2, $0) }
        #expect(isFirst("ann", tables[1]) == true && isFirst("ann", tables[0]) == false)
        // Who comes when nobody has it any more begins anew.
        tables = []
        #expect(
            isFirst("ann", table(["v1": 50, "v2": 50], epoch: 2, RoutingIdentifiers(memory: memory))) == true
        )
    }

    @Test func `without memory in common each counts for itself`() {
        let tables = (0..<2).map { _ in
            table(["v1": 80, "v2": 20], epoch: 1, RoutingIdentifiers(memory: Memory(isFull: true)))
        }
        #expect(isFirst("ann", tables[0]) == true && isFirst("ann", tables[0]) == false)
        #expect(isFirst("ann", tables[1]) == true)
    }

    @Test func `what no table has any more is forgotten`() {
        let identifiers = RoutingIdentifiers()
        #expect(isFirst("ann", table(["v1": 80, "v2": 20], epoch: 1, identifiers)) == true)
        #expect(isFirst("ann", table(["v1": 80, "v2": 20], epoch: 1, identifiers)) == true)
    }
}
