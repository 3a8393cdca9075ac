// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Testing

@testable import CanaryMesh
@testable import CanaryResources
@testable import CanaryRouting

/// The objects that decide about a host, and the hosts that an object decides about.
struct HostClosureTests {
    private typealias Objects = RoutingTableBuilderTests

    private static let hosts = [
        "helloworld.default.svc.cluster.local", "other.default.svc.cluster.local", "a.test", "b.a.test",
    ]

    /// Some of the objects that all touch each other, one form of each.
    private static func objects(_ random: inout SeededGenerator) -> [Resource] {
        Objects.pool.filter { _ in random.chance(70) }.map { random.pick($0) }
    }

    private static func answers(_ objects: some Sequence<Resource>, _ host: String) -> [Router.Answer] {
        let router = Router(Array(objects))
        return Objects.paths.flatMap { path in
            [0, 1 << 63].map { router.ask(host, path, random: $0) }
        }
    }

    private static func names(_ objects: some Sequence<Resource>) -> Set<String> {
        Set(objects.map { "\($0.kind.singular)/\($0.name)" })
    }

    @Test(arguments: 0..<30) func `nothing else decides what happens to a host's requests`(seed: UInt64)
        throws
    {
        var random = SeededGenerator(seed: seed)
        let objects = Self.objects(&random)
        let snapshot = ClusterSnapshot(revision: 1, objects)
        for host in Self.hosts {
            let closure = try HostClosure.load([host], from: snapshot, revision: 7)
            #expect(closure.revision == 7)
            #expect(Self.answers(closure.resources, host) == Self.answers(objects, host), "\(host)")
        }
        let all = try HostClosure.load(Self.hosts, from: snapshot)
        let single = try Self.hosts.map { Self.names(try HostClosure.load([$0], from: snapshot).resources) }
        #expect(Self.names(all.resources) == single.reduce(into: []) { $0.formUnion($1) })
    }

    @Test(arguments: 0..<30) func `hosts that a change does not touch are answered as before`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let before = ClusterSnapshot(revision: 1, Self.objects(&random))
        var after = before
        let form = random.pick(random.pick(Objects.pool))
        let old = before.resource(form.key)
        if old != nil, random.chance(40) { after.remove(form.key) } else { after.insert(form) }
        var affected = AffectedHosts()
        for resource in [old].compactMap(\.self) { affected.add(resource, in: before) }
        for resource in [old, after.resource(form.key)].compactMap(\.self) {
            affected.add(resource, in: after)
        }
        guard !affected.includesAll else { return }
        for host in Self.hosts where !affected.hosts.contains(host) {
            #expect(
                Self.answers(before.resources, host) == Self.answers(after.resources, host),
                "\(host) \(form.key)"
            )
        }
    }

    @Test func `a host's objects are its own, and those that they lead to`() throws {
        let objects =
            Helloworld.backends + [
                Helloworld.routes([["delegate": ["name": "leaf"]]], gateways: ["edge", "mesh"]),
                object(
                    .virtualService,
                    "leaf",
                    ["spec": ["http": [["route": [["destination": ["host": "other"]]]]]]]
                ),
                object(.virtualService, "stranger", ["spec": ["hosts": ["stranger"], "http": []]]),
                object(.gateway, "edge", ["spec": ["servers": []]]),
                object(.gateway, "unused", ["spec": ["servers": []]]),
                object(.destinationRule, "rule", ["spec": ["host": "other"]]),
                object(.destinationRule, "wide", ["spec": ["host": "*.svc.cluster.local"]]),
                object(.destinationRule, "elsewhere", ["spec": ["host": "elsewhere.test"]]),
                object(
                    .horizontalPodAutoscaler,
                    "scales",
                    ["spec": ["scaleTargetRef": ["kind": "Deployment", "name": "helloworld-v1"]]]
                ),
                Helloworld.deployment("v1"), Helloworld.service("other"), Helloworld.service("stranger"),
                object(.endpoints, "other", ["subsets": []]), object(.endpoints, "stranger", ["subsets": []]),
            ]
        let closure = try HostClosure.load([Helloworld.host], from: ClusterSnapshot(objects))
        #expect(
            Self.names(closure.resources) == [
                "service/helloworld", "workloadentry/helloworld-9081", "workloadentry/helloworld-9082",
                "virtualservice/helloworld", "virtualservice/leaf", "gateway/edge", "destinationrule/rule",
                "destinationrule/wide", "horizontalpodautoscaler/scales", "deployment/helloworld-v1",
                "service/other", "endpoints/other",
            ]
        )
        #expect(try HostClosure.load(["nobody.test"], from: ClusterSnapshot(objects)).isEmpty)
    }

    @Test func `delegates that go in circles are walked through once`() throws {
        func leaf(_ name: String, to next: String) -> Resource {
            object(.virtualService, name, ["spec": ["http": [["delegate": ["name": .string(next)]]]]])
        }
        let root = Helloworld.routes([["delegate": ["name": "one"]]])
        let objects = [root, leaf("one", to: "two"), leaf("two", to: "one")]
        let closure = try HostClosure.load([Helloworld.host], from: ClusterSnapshot(objects))
        #expect(closure.resources.count == 3)
        var affected = AffectedHosts()
        affected.add(objects[2], in: closure)
        #expect(affected.hosts == [Helloworld.host])
    }

    @Test func `an object touches the hosts that it has a part in, and patterns all`() {
        let routes = Helloworld.routes([["route": Helloworld.split(["v1": 1])]], hosts: ["a.test"])
        let snapshot = ClusterSnapshot(Helloworld.backends + [routes, Helloworld.deployment("v1")])
        func affected(_ resource: Resource) -> AffectedHosts {
            var affected = AffectedHosts()
            affected.add(resource, in: snapshot)
            return affected
        }
        let both: Set = [Helloworld.host, "a.test"]
        #expect(affected(Helloworld.service()).hosts == both)
        #expect(affected(Helloworld.entry("v1", port: 1)).hosts == both)
        #expect(affected(Helloworld.deployment("v1")).hosts == both)
        #expect(affected(routes).hosts == ["a.test"])
        #expect(affected(object(.endpoints, "helloworld", ["subsets": []])).hosts == both)
        #expect(affected(object(.destinationRule, "r", ["spec": ["host": "helloworld"]])).hosts == both)
        let slice: Node = ["kubernetes.io/service-name": "helloworld"]
        #expect(affected(object(.endpointSlice, "s", labels: slice, ["endpoints": []])).hosts == both)
        #expect(affected(object(.endpointSlice, "s", ["endpoints": []])).hosts.isEmpty)
        #expect(affected(object(.gateway, "g", ["spec": ["servers": []]])).includesGateways)
        #expect(affected(object(.destinationRule, "r", ["spec": ["host": "*.test"]])).includesAll)
        #expect(affected(object(.serviceEntry, "e", ["spec": ["hosts": ["*.test"]]])).includesAll)
        #expect(!affected(object(.serviceEntry, "e", ["spec": ["hosts": ["A.test"]]])).includesAll)
        #expect(affected(object(.serviceEntry, "e", ["spec": ["hosts": ["A.test"]]])).hosts == ["a.test"])
        let secret = affected(object(.secret, "s", [:]))
        #expect(secret.hosts.isEmpty && !secret.includesAll && !secret.includesGateways)
    }
}
