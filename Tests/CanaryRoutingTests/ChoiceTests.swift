// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Testing

@testable import CanaryMesh
@testable import CanaryResources
@testable import CanaryRouting

struct ChoiceTests {
    private func rule(_ key: Node) -> Resource {
        object(
            .destinationRule,
            "helloworld",
            ["spec": ["host": "helloworld", "trafficPolicy": ["loadBalancer": ["consistentHash": key]]]]
        )
    }

    /// Asks a sticky router of the given weights which subset each user of `0..<count` gets.
    private func sticky(
        _ weights: KeyValuePairs<String, Int64>,
        count: Int,
        salt: String? = nil
    ) -> [String] {
        var routes = Helloworld.routes([["route": Helloworld.split(weights)]]).body
        if let salt { routes.set(.string(salt), at: "metadata", "annotations", "canaryctl.dev/sticky-salt") }
        let key = ResourceKey(.virtualService, namespace: "default", name: "helloworld")
        let objects =
            Helloworld.backends + [rule(["httpHeaderName": "x-user"]), Resource(key: key, body: routes)]
        return users(Router(objects), count)
    }

    private func users(_ router: Router, _ count: Int) -> [String] {
        let table = router.builder.table()
        let arena = RoutingArena()
        let facts = Router.facts("/", "GET", ["x-user": "none"], "", arena)
        guard
            let route = table.virtualHost(listener: 0, authority: arena.store("helloworld"))?.route(
                for: facts
            )
        else { return [] }
        let name = arena.store("x-user")
        return withExtendedLifetime((table, arena)) {
            (0..<count).map { user in
                var text = "user-\(user)"
                return text.withUTF8 { bytes in
                    let header = RequestHeader(name: name, value: ByteSlice(bytes))
                    return withUnsafePointer(to: header) { pointer in
                        var facts = facts
                        facts.headers = BorrowedList(UnsafeBufferPointer(start: pointer, count: 1))
                        let counter = route.destination(for: facts, random: 0)?.counter
                        return counter.flatMap { router.identifiers.counter($0)?.subset } ?? ""
                    }
                }
            }
        }
    }

    /// Fixed: a change of these moves users of running canaries.
    @Test func `users stay where they always were`() {
        let wanted =
            "v2 v1 v1 v1 v2 v1 v1 v1 v1 v1 v1 v1 v1 v1 v1 v1 v1 v1 v1 v1 "
            + "v1 v1 v1 v1 v1 v1 v1 v1 v1 v1 v1 v1 v1 v1 v1 v1 v1 v1 v1 v1"
        #expect(sticky(["v1": 90, "v2": 10], count: 40).joined(separator: " ") == wanted)
    }

    @Test func `sticky shares are what the weights say`() {
        let count = 100_000
        let found = sticky(["v1": 70, "v2": 25, "v3": 5], count: count)
        for (subset, share) in [("v1", 0.7), ("v2", 0.25), ("v3", 0.05)] {
            let bound = 5 * (Double(count) * share * (1 - share)).squareRoot()
            #expect(abs(Double(found.count { $0 == subset }) - Double(count) * share) < bound)
        }
    }

    @Test func `nobody flips back while a share grows, and zero moves everybody`() {
        var before = sticky(["v1": 100, "v2": 0], count: 5000)
        #expect(!before.contains("v2"))
        for weight in [1, 5, 10, 25, 50, 75, 99] as [Int64] {
            let after = sticky(["v1": 100 - weight, "v2": weight], count: 5000)
            #expect(zip(before, after).allSatisfy { $0 == $1 || ($0, $1) == ("v1", "v2") })
            before = after
        }
        #expect(sticky(["v1": 0, "v2": 100], count: 5000).allSatisfy { $0 == "v2" })
    }

    @Test func `a new version takes users from all and moves nobody between the others`() {
        let before = sticky(["v1": 60, "v2": 40], count: 5000)
        let after = sticky(["v1": 60, "v2": 40, "v3": 25], count: 5000)
        #expect(zip(before, after).allSatisfy { $0 == $1 || $1 == "v3" })
    }

    @Test func `another salt sends other users`() {
        let one = sticky(["v1": 50, "v2": 50], count: 1000)
        let other = sticky(["v1": 50, "v2": 50], count: 1000, salt: "spring")
        let same = zip(one, other).count { $0 == $1 }
        #expect((400...600).contains(same))
        #expect(other == sticky(["v1": 50, "v2": 50], count: 1000, salt: "spring"))
    }

    static let keys: [(key: Node, headers: KeyValuePairs<String, String>, target: String)] = [
        (["httpHeaderName": "X-User"], ["x-user": "ada"], "/"),
        (["httpCookie": ["name": "id"]], ["Cookie": "a=b; id=ada"], "/"),
        (["httpQueryParameterName": "id"], [:], "/?id=ada"),
        (["useSourceIp": true], [:], "/"),
    ]

    @Test(arguments: keys)
    func `the key decides, not the draw`(key: Node, headers: KeyValuePairs<String, String>, target: String) {
        let routes = Helloworld.routes([["route": Helloworld.split(["v1": 50, "v2": 50])]])
        let router = Router(Helloworld.backends + [rule(key), routes])
        let answers = [0, .max / 3, .max] as [UInt64]
        let found = Set(
            answers.map { router.ask("helloworld", target, headers: headers, random: $0).destination }
        )
        #expect(found.count == 1)
    }

    @Test func `without the key the draw decides`() {
        let routes = Helloworld.routes([["route": Helloworld.split(["v1": 50, "v2": 50])]])
        let router = Router(Helloworld.backends + [rule(["httpCookie": ["name": "id"]]), routes])
        #expect(
            router.ask("helloworld", headers: ["cookie": "id="], random: 1 << 40).destination.hasSuffix("v1")
        )
        #expect(
            router.ask("helloworld", headers: ["cookie": "idx=1"], random: .max).destination.hasSuffix("v2")
        )
    }

    @Test func `draws have exactly the weights' shares`() {
        let routes = Helloworld.routes([["route": Helloworld.split(["v1": 1, "v2": 0, "v3": 2])]])
        let router = Router([Helloworld.service(), routes])
        var random = SeededGenerator(seed: 7)
        let table = router.builder.table()
        let arena = RoutingArena()
        let facts = Router.facts("/", "GET", [:], "", arena)
        let route = table.virtualHost(listener: 0, authority: arena.store("helloworld"))?.route(for: facts)
        var counts: [String: Int] = [:]
        withExtendedLifetime((table, arena)) {
            for _ in 0..<90_000 {
                let counter = route?.destination(for: facts, random: random.next())?.counter ?? .max
                counts[router.identifiers.counter(counter)?.subset ?? "", default: 0] += 1
            }
        }
        #expect(Set(counts.keys) == ["v1", "v3"])
        #expect(abs((counts["v1"] ?? 0) - 30_000) < 5 * 142)
    }

    @Test func `weights may be lone, missing, zero or huge`() {
        func chosen(_ destinations: Node, _ random: UInt64) -> String {
            Router([Helloworld.service(), Helloworld.routes([["route": destinations]])])
                .ask("helloworld", random: random).destination
        }
        #expect(chosen(Helloworld.split(["v1": 0]), 5).hasSuffix("v1"))
        #expect(chosen(Helloworld.split(["v1": 0, "v2": 0]), 5) == "")
        #expect(chosen(Helloworld.split(["v1": 0, "v2": 3]), 0).hasSuffix("v2"))
        #expect(chosen(Helloworld.split(["v1": .max, "v2": .max, "v3": -5]), .max).hasSuffix("v2"))
        #expect(
            chosen(
                [
                    ["destination": ["host": "helloworld", "subset": "v1"]],
                    ["destination": ["host": "helloworld", "subset": "v2"], "weight": 1],
                ],
                0
            ).hasSuffix("v2")
        )
    }

    @Test func `rejected draws keep the shares even`() {
        let record = DestinationRecord(
            weight: 0x5555_5555_5555_5556,
            stickyHash: nil,
            authority: ByteSlice(),
            counter: 0,
            clusters: BorrowedList(),
            requestEdits: BorrowedList(),
            responseEdits: BorrowedList()
        )
        var random = SeededGenerator(seed: 3)
        var first = 0
        let arena = RoutingArena()
        let records = arena.store([record, record])
        withExtendedLifetime(arena) {
            for _ in 0..<40_000 {
                first +=
                    WeightedChoice.draw(records, total: record.weight * 2, random: random.next()) == 0 ? 1 : 0
            }
        }
        #expect(abs(first - 20_000) < 500)
    }
}
