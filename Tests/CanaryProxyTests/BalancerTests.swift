// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources
import CanaryRouting
import CanaryTestSupport
import Testing

@testable import CanaryProxy

/// The choice among endpoints: the same in every proxy, and fair to each cluster.
struct BalancerTests {
    private func records(_ endpoints: [(port: UInt16, weight: UInt32)]) -> [EndpointRecord] {
        endpoints.enumerated().map { index, endpoint in
            let address = EndpointAddress(host: "10.0.0.1", port: endpoint.port)
            // Numbers are another proxy's: they must not matter.
            return EndpointRecord(
                id: UInt64.random(in: 0...1000) * 100 + UInt64(index),
                hash: address.hash,
                weight: endpoint.weight
            )
        }
    }

    private func choices(_ endpoints: [(port: UInt16, weight: UInt32)], users: Int) -> [UInt16] {
        let records = records(endpoints)
        return records.withUnsafeBufferPointer { pointer in
            (0..<users).map { endpoints[Balancer.rendezvous(pointer, hash: UInt64($0) &* 0x9E37_79B9)].port }
        }
    }

    /// Fixed: a change of these moves users.
    @Test func `users have fixed endpoints, whatever numbers a proxy gave them and in whichever order`() {
        let ports: [UInt16] = [9001, 9002, 9003, 9004]
        let chosen = choices(ports.map { ($0, 1) }, users: 12)
        #expect(chosen == [9003, 9002, 9003, 9001, 9003, 9003, 9004, 9004, 9001, 9002, 9003, 9004])
        #expect(
            choices(ports.reversed().map { ($0, 1) }, users: 2000)
                == choices(ports.map { ($0, 1) }, users: 2000)
        )
        #expect(EndpointAddress(host: "10.0.0.1", port: 9001).hash == 2_488_891_805_486_650_101)
    }

    @Test func `an endpoint that leaves moves its own users only, and weights are exact`() {
        let before = choices([(9001, 1), (9002, 1), (9003, 1)], users: 3000)
        let after = choices([(9001, 1), (9003, 1)], users: 3000)
        for (old, new) in zip(before, after) where old != 9002 { #expect(old == new) }
        let heavy = choices([(9001, 1), (9002, 99)], users: 10_000).count { $0 == 9001 }
        // Six standard deviations of 10,000 draws with p = 1/100.
        #expect(40...160 ~= heavy)
        // Equal weights choose as no weights do.
        #expect(choices([(9001, 7), (9002, 7), (9003, 7)], users: 3000) == before)
    }

    @Test func `destinations that share their first endpoint do not starve each other`() throws {
        let shared = try TestOrigin(named: "shared")
        let first = try TestOrigin(named: "first")
        let second = try TestOrigin(named: "second")
        let rule = TestProxy.resource(
            .destinationRule,
            "app",
            [
                "spec": [
                    "host": "app", "trafficPolicy": ["loadBalancer": ["simple": "ROUND_ROBIN"]],
                    "subsets": [
                        ["name": "one", "labels": ["one": "yes"]], ["name": "two", "labels": ["two": "yes"]],
                    ],
                ]
            ]
        )
        func entry(_ name: String, _ origin: TestOrigin, _ labels: Value) -> Resource {
            let spec: Value = [
                "address": "127.0.0.1", "ports": ["http": .integer(Int64(origin.port))], "labels": labels,
            ]
            return TestProxy.resource(.workloadEntry, name, ["spec": spec])
        }
        let route: Value = [
            [
                "match": [["uri": ["exact": "/one"]]],
                "route": [["destination": ["host": "app", "subset": "one"]]],
            ],
            ["route": [["destination": ["host": "app", "subset": "two"]]]],
        ]
        let proxy = try TestProxy(
            [],
            http: route,
            resources: [
                entry("a", shared, ["app": "app", "one": "yes", "two": "yes"]),
                entry("b", first, ["app": "app", "one": "yes"]),
                entry("c", second, ["app": "app", "two": "yes"]), rule,
            ]
        )
        let connection = try proxy.connect()
        var counts: [String: Int] = [:]
        // In step: whoever shared one turn would always meet the same endpoint.
        for index in 0..<80 {
            let path = index.isMultiple(of: 2) ? "/one" : "/two"
            try connection.send("GET \(path) HTTP/1.1\r\nHost: app\r\n\r\n")
            counts[path + " " + (try connection.readMessage().body), default: 0] += 1
        }
        #expect(counts == ["/one shared": 20, "/one first": 20, "/two shared": 20, "/two second": 20])
    }
}

/// Draws and turns by weight.
struct WeightedBalancingTests {
    private func counts(_ weights: [UInt32], _ choose: (UnsafeBufferPointer<EndpointRecord>, UInt64) -> Int)
        -> [Int]
    {
        let records = weights.enumerated().map {
            EndpointRecord(id: UInt64($0.offset), hash: 0, weight: $0.element)
        }
        var counts = [Int](repeating: 0, count: weights.count)
        records.withUnsafeBufferPointer { records in
            for step in 0..<10_000 as Range<UInt64> { counts[choose(records, step)] += 1 }
        }
        return counts
    }

    @Test func `each has as many turns as its weight says`() {
        #expect(counts([1, 1, 1, 1]) { Balancer.turn($0, $1) } == [2500, 2500, 2500, 2500])
        #expect(counts([1, 3]) { Balancer.turn($0, $1) } == [2500, 7500])
        #expect(counts([1]) { Balancer.turn($0, $1 &* .max) } == [10_000])
    }

    @Test func `draws spread over the whole range of random numbers by weight`() {
        let step = UInt64.max / 10_000
        for weights in [[1, 1], [1, 9], [7, 2, 1]] as [[UInt32]] {
            let drawn = counts(weights) { Balancer.draw($0, random: $1 * step) }
            let total = weights.reduce(0, +)
            for (count, weight) in zip(drawn, weights) {
                #expect(abs(count - 10_000 * Int(weight) / Int(total)) <= 2)
            }
        }
    }
}
