// SPDX-License-Identifier: Apache-2.0

import CanaryRouting
import CanaryTestSupport
import Testing

@testable import CanaryResources

/// A VirtualService none of whose routes exists for a client is absent for it, as istiod has it.
struct ClientWithoutRoutesTests {
    private static let service = object(
        .service,
        "cart",
        ["spec": ["ports": [["port": 80, "name": "http"], ["port": 8080, "name": "http-b"]]]]
    )

    private static func virtualService(
        _ name: String,
        _ hosts: Node,
        _ blocks: [Node],
        gateways: Node = ["mesh"],
        age: Int64 = 1
    ) -> Resource {
        let http = Node.sequence([
            ["match": .sequence(blocks), "route": [["destination": ["host": .string("\(name).test")]]]]
        ])
        let spec: Node = ["hosts": hosts, "gateways": gateways, "http": http]
        return object(.virtualService, name, ["spec": spec]).created(age)
    }

    private static let own = "cart.default.svc.cluster.local|"

    private static let strangers: [Node] = [
        ["sourceLabels": ["app": "web"]], ["sourceNamespace": "shop"], ["port": 9999], ["gateways": ["edge"]],
        ["uri": ["prefix": "/"], "port": 9999, "sourceLabels": ["app": "web"]],
    ]

    @Test(arguments: strangers) func `the Service itself takes what no route is there for`(block: Node) {
        let routed = Self.virtualService("cart", ["cart"], [block])
        let answer = Router([Self.service, routed]).ask("cart")
        #expect(answer.action == "forward")
        #expect(answer.destination == Self.own)
    }

    @Test(arguments: strangers) func `the next VirtualService of the host takes it`(block: Node) {
        let next = Self.virtualService("next", ["cart"], [["uri": ["prefix": "/a"]]], age: 2)
        let router = Router([Self.service, Self.virtualService("cart", ["cart"], [block]), next])
        #expect(router.ask("cart", "/a").destination == "next.test|")
        #expect(router.ask("cart", "/b").action == "404")
    }

    @Test(arguments: strangers) func `a wildcard stands back for the names of others`(block: Node) {
        let exact = Self.virtualService("cart", ["cart"], [block])
        let wide = Self.virtualService("wide", ["*.default.svc.cluster.local"], [[:]])
        #expect(Router([Self.service, exact, wide]).ask("cart").destination == Self.own)
        let selective = Self.virtualService("wide", ["*.default.svc.cluster.local"], [block])
        #expect(Router([Self.service, selective]).ask("cart").destination == Self.own)
    }

    @Test(arguments: strangers) func `a host that is no Service falls to the wildcard, or is unknown`(
        block: Node
    ) {
        let exact = Self.virtualService("exact", ["a.test"], [block])
        let wide = Self.virtualService("wide", ["*.test"], [["uri": ["prefix": "/"]]])
        #expect(Router([exact]).ask("a.test").action == "404")
        #expect(Router([exact, wide]).ask("a.test").destination == "wide.test|")
    }

    @Test func `each port of a Service has its own`() {
        let first = Self.virtualService("first", ["cart"], [["port": 8080, "uri": ["prefix": "/a"]]])
        let second = Self.virtualService("second", ["cart"], [["sourceLabels": ["app": "web"]]], age: 2)
        let objects = [Self.service, first, second]
        let web = Router(objects, labels: ["app": "web"])
        #expect(web.ask("cart:8080", "/a").destination == "first.test|")
        #expect(web.ask("cart:8080", "/b").action == "404")
        #expect(web.ask("cart", "/a").destination == "second.test|")
        #expect(Router(objects).ask("cart", "/a").destination == Self.own)
        #expect(Router(objects).ask("cart:8080", "/b").action == "404")
    }

    @Test func `without HTTP routes there is none for any client`() {
        let tcp: Node = ["hosts": ["cart"], "tcp": [["route": [["destination": ["host": "other"]]]]]]
        let lost: Node = ["hosts": ["cart"], "http": [["delegate": ["name": "missing"]]]]
        for spec in [tcp, lost] {
            let routed = object(.virtualService, "cart", ["spec": spec])
            #expect(Router([Self.service, routed]).ask("cart").destination == Self.own)
        }
    }

    @Test(
        arguments: [
            ["port": 9999], ["gateways": ["elsewhere"]], ["sourceLabels": ["app": "web"]],
            ["sourceNamespace": "shop"],
        ] as [Node]
    )
    func `so it is at a Gateway`(block: Node) {
        let server: Node = ["port": ["number": 80, "name": "http", "protocol": "HTTP"], "hosts": ["*"]]
        let gateway = object(.gateway, "edge", ["spec": ["servers": [server]]])
        let exact = Self.virtualService("exact", ["a.test"], [block], gateways: ["edge"])
        let wide = Self.virtualService("wide", ["*.test"], [["uri": ["prefix": "/"]]], gateways: ["edge"])
        #expect(Router([gateway, exact]).ask("a.test", listener: 1).action == "404")
        #expect(Router([gateway, exact, wide]).ask("a.test", listener: 1).destination == "wide.test|")
    }

    @Test func `a change brings the VirtualService back`() {
        var router = Router([Self.service, Self.virtualService("cart", ["cart"], [["port": 9999]])])
        #expect(router.ask("cart").destination == Self.own)
        let changed = Self.virtualService("cart", ["cart"], [["port": 80]])
        router.builder.apply(changed: [changed], removed: [], revision: 2)
        #expect(router.ask("cart").destination == "cart.test|")
    }

    // MARK: - Against a model

    /// What istiod does, in a few lines: the first of the host's VirtualServices that has a block for the client and the port.
    private static func decider(_ all: [Resource], port: Int, labels: [String: String]) -> String? {
        all.first { resource in
            resource.virtualService?.http.contains { route in
                route.matches.contains { match in
                    guard match.port == nil || match.port == port else { return false }
                    guard match.gateways.isEmpty else { return match.gateways.contains("mesh") }
                    let namespace = match.sourceNamespace ?? "default"
                    return match.sourceLabels.allSatisfy { labels[$0.key] == $0.value }
                        && namespace == "default"
                }
            } ?? false
        }?.name
    }

    @Test(arguments: 0..<200 as Range<UInt64>) func `random clients meet the decider of a model`(seed: UInt64)
    {
        var generator = SeededGenerator(seed: seed)
        func pick(_ count: UInt64) -> UInt64 { UInt64.random(in: 0..<count, using: &generator) }
        func block() -> Node {
            var block = Node.mapping([:])
            if pick(2) == 0 { block.set(.integer([80, 8080, 9][Int(pick(3))]), at: "port") }
            if pick(3) == 0 { block.set(["app": .string(pick(2) == 0 ? "web" : "job")], at: "sourceLabels") }
            if pick(4) == 0 { block.set(.string(pick(2) == 0 ? "default" : "shop"), at: "sourceNamespace") }
            if pick(5) == 0 { block.set([pick(2) == 0 ? "mesh" : "edge"], at: "gateways") }
            return block
        }
        let all = (0..<3).map { number in
            Self.virtualService(
                "v\(number)",
                ["cart"],
                (0...pick(3)).map { _ in block() },
                gateways: ["mesh", "edge"],
                age: Int64(number)
            )
        }
        for labels in [[:], ["app": "web"], ["app": "job"]] {
            let router = Router([Self.service] + all, labels: labels)
            for (authority, port) in [("cart", 80), ("cart:8080", 8080), ("cart:7", 80)] {
                let wanted = Self.decider(all, port: port, labels: labels).map { "\($0).test|" } ?? Self.own
                #expect(router.ask(authority).destination == wanted, "port \(port), \(labels)")
            }
        }
    }
}
