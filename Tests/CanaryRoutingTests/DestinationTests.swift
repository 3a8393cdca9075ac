// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Testing

@testable import CanaryMesh
@testable import CanaryResources
@testable import CanaryRouting

struct DestinationTests {
    private func rule(_ spec: Node) -> Resource { rule("helloworld", spec) }

    private func rule(_ name: String, namespace: String = "default", _ spec: Node) -> Resource {
        object(.destinationRule, name, namespace: namespace, ["spec": spec])
    }

    private let routes = Helloworld.routes([["route": Helloworld.split(["v2": 1])]])

    @Test func `a subset that no rule defines is a version label`() {
        let answer = Router(Helloworld.backends + [routes]).ask("helloworld")
        #expect(answer.endpoints == ["127.0.0.1:9082"] && answer.isDefined)
    }

    @Test func `what most destinations go without takes no room in each`() {
        // Reports keep as many as there are routes; policies alone have hundreds of bytes.
        #expect(MemoryLayout<ResolvedDestination>.size <= 208)
    }

    @Test func `a rule's subset wins over the label`() {
        let rule = rule(["host": "helloworld", "subsets": [["name": "v2", "labels": ["version": "v1"]]]])
        #expect(
            Router(Helloworld.backends + [routes, rule]).ask("helloworld").endpoints == ["127.0.0.1:9081"]
        )
        let all = self.rule(["host": "helloworld", "subsets": [["name": "v2"]]])
        #expect(Router(Helloworld.backends + [routes, all]).ask("helloworld").endpoints.count == 2)
    }

    @Test func `one address may belong to two subsets, and counts once in each`() {
        let entries = ["a", "b"].map { name in
            object(
                .workloadEntry,
                name,
                [
                    "spec": [
                        "address": "10.0.0.1",
                        "labels": ["app": "helloworld", "version": name == "a" ? "v1" : "v2"],
                    ]
                ]
            )
        }
        let split = Router([Helloworld.service(), routes] + entries)
        #expect(split.ask("helloworld").endpoints == ["10.0.0.1:5000"])
        #expect(Router([Helloworld.service()] + entries).ask("helloworld").endpoints == ["10.0.0.1:5000"])
    }

    @Test func `an unknown host, subset or port is undefined, an empty subset is not`() {
        let service = Helloworld.service()
        #expect(!Router([service, routes]).ask("helloworld").isDefined)
        #expect(Router([service, routes, Helloworld.deployment("v2")]).ask("helloworld").isDefined)
        #expect(
            Router([service, routes, rule(["host": "helloworld", "subsets": [["name": "v2"]]])]).ask(
                "helloworld"
            ).isDefined
        )
        #expect(!Router([routes]).ask(Helloworld.host).isDefined)
        let port = Helloworld.routes([
            ["route": [["destination": ["host": "helloworld", "port": ["number": 1]]]]]
        ])
        #expect(!Router(Helloworld.backends + [port]).ask("helloworld").isDefined)
    }

    @Test func `rules are looked up by client, service, then root namespace, the most specific first`() {
        func subset(_ label: String) -> Node { [["name": "v2", "labels": ["version": .string(label)]]] }
        let wide = rule("wide", ["host": "*.default.svc.cluster.local", "subsets": subset("wide")])
        let exact = rule("exact", ["host": "helloworld", "subsets": subset("v1")])
        let root = rule(
            "root",
            namespace: "istio-system",
            ["host": .string(Helloworld.host), "subsets": subset("root")]
        )
        let client = rule(
            "client",
            namespace: "shop",
            ["host": .string(Helloworld.host), "subsets": subset("v2")]
        )
        let hidden = rule(
            "hidden",
            namespace: "shop",
            ["host": .string(Helloworld.host), "exportTo": ["third"], "subsets": subset("x")]
        )
        func labels(_ rules: [Resource], _ namespace: String) -> String? {
            let snapshot = ClusterSnapshot(Helloworld.backends + rules)
            return HostView(Helloworld.host, namespace: namespace, in: snapshot)
                .destination("v2").labels?["version"]
        }
        #expect(labels([wide, exact, root, client], "default") == "v1")
        #expect(labels([wide, root], "default") == "wide")
        #expect(labels([root], "default") == "root")
        #expect(labels([wide, exact, root, client], "shop") == "v2")
        #expect(labels([exact, hidden], "shop") == "v1")
        #expect(labels([], "default") == "v2")
    }

    @Test func `rules of one host are merged, the oldest first`() {
        let first = rule("b", ["host": "helloworld", "subsets": [["name": "v1", "labels": ["a": "1"]]]])
            .created(1)
        let second = rule(
            "a",
            [
                "host": "helloworld", "trafficPolicy": ["loadBalancer": ["simple": "RANDOM"]],
                "subsets": [["name": "v1", "labels": ["a": "2"]], ["name": "v2", "labels": ["a": "3"]]],
            ]
        ).created(2)
        let policy = ClusterSnapshot([first, second]).policy(
            for: Helloworld.host,
            serviceNamespace: "default",
            clientNamespace: "default"
        )
        #expect(policy.subsets.map(\.labels) == [["a": "1"], ["a": "3"]])
        #expect(policy.trafficPolicy?.balancing == .random)
    }

    @Test func `policies override block by block, ports replace`() {
        let rule = rule([
            "host": "helloworld",
            "trafficPolicy": [
                "loadBalancer": ["simple": "RANDOM"], "connectionPool": ["tcp": ["connectTimeout": "1s"]],
            ],
            "subsets": [
                [
                    "name": "v2",
                    "trafficPolicy": [
                        "loadBalancer": ["consistentHash": ["useSourceIp": true]],
                        "portLevelSettings": [
                            ["port": ["number": 81], "loadBalancer": ["simple": "ROUND_ROBIN"]]
                        ],
                    ],
                ]
            ],
        ])
        let policy = ClusterSnapshot([rule]).policy(
            for: Helloworld.host,
            serviceNamespace: nil,
            clientNamespace: "default"
        )
        let plain = policy.effective(subset: policy.subset("v2"), port: 80)
        #expect(EndpointBalancing(plain.loadBalancer) == .hash)
        #expect(plain.connectionPool?.connectTimeout == .seconds(1))
        let port = policy.effective(subset: policy.subset("v2"), port: 81)
        #expect(EndpointBalancing(port.loadBalancer) == .roundRobin)
        #expect(port.connectionPool?.connectTimeout == nil)
    }

    @Test func `a workload's port follows the target port's name, the port's name, http, the number`() {
        func address(_ port: Node, _ ports: Node) -> [String] {
            let service = object(
                .service,
                "helloworld",
                ["spec": ["selector": ["app": "helloworld"], "ports": [port]]]
            )
            let entry = object(
                .workloadEntry,
                "one",
                ["spec": ["address": "10.0.0.1", "ports": ports, "labels": ["app": "helloworld"]]]
            )
            return Router([service, entry]).ask("helloworld").endpoints
        }
        #expect(
            address(["port": 80, "name": "web", "targetPort": "main"], ["main": 1, "web": 2]) == [
                "10.0.0.1:1"
            ]
        )
        #expect(
            address(["port": 80, "name": "web", "targetPort": 8080], ["main": 1, "web": 2]) == ["10.0.0.1:2"]
        )
        #expect(address(["port": 80, "targetPort": 8080], ["http": 3]) == ["10.0.0.1:3"])
        #expect(address(["port": 80, "targetPort": 8080], [:]) == ["10.0.0.1:8080"])
        #expect(address(["port": 80], [:]) == ["10.0.0.1:80"])
        #expect(address(["port": 80, "targetPort": "main"], [:]) == [])
        #expect(address(["port": 80], ["http": 99_999]) == [])
    }

    @Test func `the port is the destination's, the only one, or the request's`() {
        let service = object(
            .service,
            "helloworld",
            [
                "spec": [
                    "selector": ["app": "helloworld"],
                    "ports": [
                        ["port": 80, "name": "a", "targetPort": 1080],
                        ["port": 90, "name": "b", "targetPort": 1090],
                    ],
                ]
            ]
        )
        let entry = object(
            .workloadEntry,
            "one",
            ["spec": ["address": "::1", "labels": ["app": "helloworld"]]]
        )
        #expect(Router([service, entry]).ask("helloworld").endpoints == ["[::1]:1080"])
        #expect(Router([service, entry]).ask("helloworld:90").endpoints == ["[::1]:1090"])
        let fixed = Helloworld.routes([
            ["route": [["destination": ["host": "helloworld", "port": ["number": 90]]]]]
        ])
        #expect(Router([service, entry, fixed]).ask("helloworld:80").endpoints == ["[::1]:1090"])
    }

    @Test func `endpoints come from Endpoints, slices and running pods too, once each`() {
        let endpoints = object(
            .endpoints,
            "helloworld",
            [
                "subsets": [
                    [
                        "addresses": [
                            ["ip": "10.0.0.1"],
                            ["ip": "10.0.0.2", "targetRef": ["kind": "Pod", "name": "two"]],
                        ],
                        "notReadyAddresses": [["ip": "10.0.0.9"]], "ports": [["port": 8080, "name": "http"]],
                    ]
                ]
            ]
        )
        let slice = object(
            .endpointSlice,
            "helloworld-x",
            labels: ["kubernetes.io/service-name": "helloworld"],
            [
                "endpoints": [
                    ["addresses": ["10.0.0.1"]], ["addresses": ["10.0.0.3"], "conditions": ["ready": true]],
                    ["addresses": ["10.0.0.4"], "conditions": ["ready": false]],
                ],
                "ports": [["port": 8080, "name": "http"]],
            ]
        )
        func pod(_ name: String, _ status: Node) -> Resource {
            object(
                .pod,
                name,
                labels: ["app": "helloworld", "version": "v2"],
                ["spec": ["containers": [["name": "c", "image": "i"]]], "status": status]
            )
        }
        let ready = pod("three", ["podIP": "10.0.0.7", "conditions": [["type": "Ready", "status": "True"]]])
        let starting = pod(
            "four",
            ["podIP": "10.0.0.8", "conditions": [["type": "Ready", "status": "False"]]]
        )
        let objects = [Helloworld.service(), endpoints, slice, ready, starting, pod("two", [:])]
        #expect(
            Router(objects).ask("helloworld").endpoints
                == ["10.0.0.1:8080", "10.0.0.2:8080", "10.0.0.3:8080", "10.0.0.7:5000"]
        )
        #expect(Router(objects + [routes]).ask("helloworld").endpoints == ["10.0.0.2:8080", "10.0.0.7:5000"])
    }

    @Test func `ServiceEntries bring hosts, names to resolve, and workloads`() {
        func entry(_ spec: Node) -> Resource {
            object(.serviceEntry, "outside", ["spec": spec])
        }
        let ports: Node = [["number": 80, "name": "http", "protocol": "HTTP", "targetPort": 8080]]
        let dns = Router([entry(["hosts": ["API.test"], "resolution": "DNS", "ports": ports])])
        #expect(dns.ask("api.TEST").endpoints == ["api.test:8080"])
        let id = dns.builder.table().virtualHost(listener: 0, authority: ByteSlice("api.test"))?
            .route(for: RequestFacts())?.destination(for: RequestFacts(), random: 0)?.endpoints.first?.id
        #expect(id.flatMap(dns.identifiers.endpoint)?.isName == true)
        let fixed = entry([
            "hosts": ["*.api.test"], "resolution": "STATIC", "ports": ports,
            "addresses": ["10.9.9.9", "10.0.0.0/8"],
            "endpoints": [
                ["address": "10.0.0.1", "ports": ["http": 81]], ["address": "10.0.0.2", "weight": 3],
            ],
        ])
        #expect(Router([fixed]).ask("x.api.test").endpoints == ["10.0.0.1:81", "10.0.0.2:8080"])
        #expect(Router([entry(["hosts": ["none.test"], "ports": ports])]).ask("none.test").endpoints == [])
        let selecting = entry([
            "hosts": ["mine.test"], "resolution": "STATIC", "ports": ports,
            "workloadSelector": ["labels": ["app": "helloworld"]],
        ])
        #expect(Router([selecting] + Helloworld.backends.dropFirst()).ask("mine.test").endpoints.count == 2)
        #expect(
            Router([entry(["hosts": ["a.test"], "ports": ports, "addresses": ["10.9.9.9"]])]).ask(
                "10.9.9.9:80"
            ).action == "forward"
        )
    }

    @Test func `counters name host, route, workload and version`() throws {
        let routes = Helloworld.routes([["name": "all", "route": Helloworld.split(["v1": 90, "v2": 10])]])
            .created(4)
        let router = Router(Helloworld.backends + [Helloworld.deployment("v1"), routes])
        let table = router.builder.table()
        let facts = RequestFacts()
        let destination = table.virtualHost(listener: 0, authority: ByteSlice("helloworld"))?
            .route(for: facts)?.destination(for: facts, random: 0)
        let endpoint = try #require(destination?.endpoints.first)
        let counter = try #require(router.identifiers.counter(endpoint.counter))
        #expect(counter.workload == "helloworld-v1" && counter.version == "v1" && counter.routeName == "all")
        #expect(
            counter.serviceName == "helloworld" && counter.serviceNamespace == "default"
                && counter.weight == 90
        )
        let key = EvidenceKey(
            store: "",
            host: Helloworld.host,
            owner: "uid",
            route: "name:all",
            destination: "\(Helloworld.host)|v1|",
            epoch: RouteEpoch(revision: 4, commit: "")
        )
        #expect(counter.key == key)
        #expect(destination.flatMap { router.identifiers.counter($0.counter) }?.key == key)
        withExtendedLifetime(table) {}
    }
}
