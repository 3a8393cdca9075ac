// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryMesh
@testable import CanaryResources
@testable import CanaryRouting

/// The guarantee of sticky versions: a user's version depends on nothing but the key and the weights, and changes only towards a
/// version whose share grew.
struct StickinessTests {
    private static let cookie: Node = ["httpCookie": ["name": "user", "ttl": "3600s", "path": "/"]]
    private static let header: Node = ["httpHeaderName": "x-user"]

    private func probe(_ weights: KeyValuePairs<String, Int64>, _ key: Node) -> RouteProbe {
        let rule = object(
            .destinationRule,
            "helloworld",
            ["spec": ["host": "helloworld", "trafficPolicy": ["loadBalancer": ["consistentHash": key]]]]
        )
        return RouteProbe(["route": Helloworld.split(weights)], objects: Helloworld.backends + [rule])
    }

    /// Whether each of some users gets v2, by the chosen destination's own record.
    private func canary(_ probe: RouteProbe, _ facts: [RequestFacts], random: UInt64 = 0) -> [Bool] {
        probe.withRoute(facts[0]) { route in
            let counters = probe.router.identifiers
            var isCanary: [UInt32: Bool] = [:]
            return facts.map { facts in
                guard let destination = route.destination(for: facts, random: random) else { return false }
                if let known = isCanary[destination.counter] { return known }
                let found = counters.counter(destination.counter)?.subset == "v2"
                isCanary[destination.counter] = found
                return found
            }
        } ?? []
    }

    /// How many users are looked at; `CANARYCTL_STICKY_USERS=100000` asks for more.
    private static let userCount =
        getenv("CANARYCTL_STICKY_USERS").flatMap { Int(String(cString: $0)) } ?? 5000

    @Test func `users stay with their version at every weight, in every table`() {
        let arena = RoutingArena()
        let users = (0..<Self.userCount).map { user in
            var facts = Router.facts("/", "GET", ["x-user": "user-\(user)"], "10.0.0.1", arena)
            facts.authority = arena.store("helloworld")
            facts.port = 5000
            return facts
        }
        var before = [Bool](repeating: false, count: users.count)
        for weight in Int64(0)...100 {
            let weights: KeyValuePairs = ["v1": 100 - weight, "v2": weight]
            let here = canary(probe(weights, Self.header), users)
            // Another proxy, or this one after a restart: another table, another random number, the routes listed otherwise.
            if weight % 10 == 0 {
                let turned: KeyValuePairs = ["v2": weight, "v1": 100 - weight]
                #expect(canary(probe(turned, Self.header), users, random: .max) == here)
            }
            #expect(zip(before, here).allSatisfy { !$0 || $1 }, "somebody left v2 at \(weight) %")
            let share = Double(here.count { $0 }) / Double(users.count)
            // Five standard deviations of as many draws.
            let most = 2.5 / Double(users.count).squareRoot()
            #expect(abs(share - Double(weight) / 100) <= most, "\(share) at \(weight) %")
            before = here
        }
        #expect(before.allSatisfy { $0 })
        withExtendedLifetime(arena) {}
    }

    @Test func `a table that is rebuilt by a change keeps all users but those of the grown version`() {
        var router = Router(
            Helloworld.backends + [
                object(
                    .destinationRule,
                    "helloworld",
                    [
                        "spec": [
                            "host": "helloworld",
                            "trafficPolicy": ["loadBalancer": ["consistentHash": Self.header]],
                        ]
                    ]
                ), Helloworld.routes([["route": Helloworld.split(["v1": 80, "v2": 20])]]),
            ]
        )
        func versions() -> [String] {
            (0..<2000).map { router.ask("helloworld", headers: ["x-user": "user-\($0)"]).destination }
        }
        let before = versions()
        router.builder.apply(
            changed: [Helloworld.routes([["route": Helloworld.split(["v1": 70, "v2": 30])]])],
            removed: [],
            revision: 2
        )
        let grown = versions()
        #expect(zip(before, grown).allSatisfy { $0 == $1 || $1.hasSuffix("|v2") })
        #expect(before != grown)
        router.builder.apply(
            changed: [Helloworld.routes([["route": Helloworld.split(["v1": 80, "v2": 20])]])],
            removed: [],
            revision: 3
        )
        #expect(versions() == before)
    }

    // MARK: - The cookie that the proxy makes

    private func newCookies(_ probe: RouteProbe, _ facts: RequestFacts) -> [String] {
        probe.withRoute(facts) { route in
            var buffer = ByteBuffer()
            var found: [String] = []
            let destination = route.destination(for: facts, random: 0)
            route.forEachNewCookie(facts, destination, in: &buffer) { found.append($0.text) }
            return found + (buffer.isEmpty ? [] : ["left over"])
        } ?? []
    }

    private func generated(_ probe: RouteProbe, _ random: UInt64) -> ByteSlice {
        var bytes = [UInt8](repeating: 0, count: RouteHandle.generatedKeyCount)
        bytes.withUnsafeMutableBytes { memory in
            if let base = memory.baseAddress { RouteHandle.writeGeneratedKey(random: random, to: base) }
        }
        return probe.arena.store(String(decoding: bytes, as: UTF8.self))
    }

    @Test func `a new user gets a cookie, and with it the same version and endpoint ever after`() throws {
        var random = SeededGenerator(seed: 3)
        let probe = probe(["v1": 50, "v2": 50], Self.cookie)
        var isCanary: Set<Bool> = []
        for _ in 0..<200 {
            var first = probe.facts()
            first.generatedKey = generated(probe, random.next())
            let cookie = try #require(newCookies(probe, first).first)
            let pair = String(try #require(cookie.split(separator: ";").first))
            let quoted = probe.facts(headers: ["cookie": "a=b; \(pair)"])
            let plain = probe.facts(headers: ["cookie": "\(pair.filter { $0 != "\"" }); c=d"])
            let versions = [first, quoted, plain].map { canary(probe, [$0], random: random.next())[0] }
            #expect(Set(versions).count == 1)
            #expect(newCookies(probe, quoted) == [])
            isCanary.insert(versions[0])
            let hashes = probe.withRoute(first) { route in
                [first, quoted, plain].map { route.destination(for: $0, random: 0)?.endpointHash(for: $0) }
            }
            #expect(Set(hashes ?? []).count == 1)
        }
        #expect(isCanary == [true, false])
    }

    static let cookies: [(cookie: Node, wanted: [String])] = [
        (
            ["name": "u", "ttl": "60s", "path": "/a"],
            ["u=\"00000000000000ff\"; Max-Age=60; Path=/a; HttpOnly"]
        ),
        (["name": "u", "ttl": "0s"], ["u=\"00000000000000ff\"; HttpOnly"]),
        (
            [
                "name": "u", "ttl": "1.5s",
                "attributes": [["name": "SameSite", "value": "Lax"], ["name": "Secure"]],
            ], ["u=\"00000000000000ff\"; Max-Age=1; SameSite=Lax; Secure; HttpOnly"]
        ),
        (["name": "u"], []),
    ]

    @Test(arguments: cookies)
    func `the cookie is as Envoy sets it`(cookie: Node, wanted: [String]) {
        for weights: KeyValuePairs<String, Int64> in [["v1": 1, "v2": 1], ["v1": 1]] {
            let probe = probe(weights, ["httpCookie": cookie])
            #expect(probe.withRoute(probe.facts()) { $0.makesCookies } == !wanted.isEmpty)
            var facts = probe.facts()
            facts.generatedKey = generated(probe, 255)
            #expect(newCookies(probe, facts) == wanted)
            // An empty one counts as none.
            facts.headers = probe.facts(headers: ["cookie": "u="]).headers
            #expect(newCookies(probe, facts) == wanted)
            facts.headers = probe.facts(headers: ["cookie": "u=x"]).headers
            #expect(newCookies(probe, facts) == [])
        }
    }

    @Test func `without a key nothing is sticky, and no cookie is made`() {
        let probe = probe(["v1": 50, "v2": 50], Self.header)
        let facts = probe.facts()
        #expect(canary(probe, [facts], random: .max / 4) != canary(probe, [facts], random: .max))
        #expect(newCookies(probe, facts) == [])
    }
}
