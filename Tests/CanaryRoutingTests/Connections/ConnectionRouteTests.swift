// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Testing

@testable import CanaryMesh
@testable import CanaryResources
@testable import CanaryRouting

struct ConnectionRouteTests {
    private static func service(_ ports: Node) -> Resource {
        object(.service, "db", ["spec": ["selector": ["app": "db"], "ports": ports]])
    }

    private static let ports: Node = [
        ["port": 5432, "name": "tcp-sql"], ["port": 6379, "appProtocol": "redis", "name": "cache"],
        ["port": 80, "name": "http-admin"], ["port": 90, "name": "other"],
    ]

    private static func entry(_ version: String, _ address: String) -> Resource {
        object(
            .workloadEntry,
            "db-\(version)",
            ["spec": ["address": .string(address), "labels": ["app": "db", "version": .string(version)]]]
        )
    }

    private static let backends = [service(ports), entry("v1", "10.0.0.1"), entry("v2", "10.0.0.2")]

    private static func routes(_ tcp: Node, gateways: Node = []) -> Resource {
        object(.virtualService, "db", ["spec": ["hosts": ["db"], "gateways": gateways, "tcp": tcp]])
    }

    private static func to(_ subset: String) -> Node {
        [["destination": ["host": "db", "subset": .string(subset)]]]
    }

    /// `ROUTE subset addresses` of a connection; `http` for a port that speaks HTTP.
    private func ask(
        _ objects: [Resource],
        port: Int32 = 5432,
        address: String = "127.0.0.1",
        labels: [String: String] = [:],
        random: UInt64 = 1 << 60
    ) -> String {
        let router = Router(objects, labels: labels)
        let table = router.builder.table()
        let arena = RoutingArena()
        return withExtendedLifetime((table, arena)) {
            guard let host = table.virtualHost(listener: 0, authority: arena.store("db")) else {
                return "nobody"
            }
            guard let route = host.connectionRoute(port: port, address: arena.store(address)) else {
                return host.isOpaque(port: port) ? "no route" : "http"
            }
            guard let destination = route.destination(random: random) else { return "\(route.index) nowhere" }
            let addresses = destination.endpoints.compactMap {
                router.identifiers.endpoint($0.id)?.description
            }
            let subset = router.identifiers.counter(destination.counter)?.subset ?? "?"
            return "\(route.index) \(subset) \(addresses.sorted().joined(separator: " "))"
        }
    }

    private static let own = "-1  10.0.0.1:5432 10.0.0.2:5432"

    @Test func `ports say by name or protocol that they do not speak HTTP`() {
        #expect(ask(Self.backends) == Self.own)
        #expect(ask(Self.backends, port: 6379) == "-1  10.0.0.1:6379 10.0.0.2:6379")
        #expect(ask(Self.backends, port: 80) == "http")
        #expect(ask(Self.backends, port: 90) == "http")
        #expect(ask(Self.backends, port: 1) == "http")
        for (name, isOpaque) in [
            ("tcp", true), ("TCP-x", true), ("tcpx", false), ("mysql-1", true), ("https", true),
            ("http", false),
            ("grpc", false), ("", false),
        ] {
            #expect(HostService.Port.isOpaque(name) == isOpaque, "\(name)")
        }
    }

    static let matches: [(match: Node, isTaken: Bool)] = [
        ([], true), ([[:]], true), ([["port": 5432]], true), ([["port": 6379]], false),
        ([["port": 6379], ["port": 5432]], true), ([["sourceLabels": ["app": "web"]]], true),
        ([["sourceLabels": ["app": "other"]]], false), ([["sourceNamespace": "default"]], true),
        ([["sourceNamespace": "other"]], false), ([["gateways": ["mesh"]]], true),
        ([["gateways": ["gate"]]], false), ([["destinationSubnets": ["127.0.0.0/8"]]], true),
        ([["destinationSubnets": ["10.0.0.0/8", "127.0.0.1"]]], true),
        ([["destinationSubnets": ["10.0.0.0/8"]]], false), ([["destinationSubnets": ["::/0"]]], false),
        ([["destinationSubnets": ["10.0.0.0/8"]], ["port": 5432]], true),
        ([["port": 5432, "destinationSubnets": ["10.0.0.0/8"]]], false),
    ]

    @Test(arguments: matches)
    func `a route takes the connections that it asks for`(match: Node, isTaken: Bool) {
        let route = Self.routes([["match": match, "route": Self.to("v2")]])
        let answer = ask(Self.backends + [route], labels: ["app": "web"])
        #expect(answer == (isTaken ? "0 v2 10.0.0.2:5432" : Self.own))
    }

    @Test func `the first route that fits counts`() {
        let routes = Self.routes([
            ["match": [["port": 1]], "route": Self.to("v1")],
            ["match": [["destinationSubnets": ["127.0.0.2"]]], "route": Self.to("v1")],
            ["route": Self.to("v2")], ["route": Self.to("v1")],
        ])
        #expect(ask(Self.backends + [routes]) == "2 v2 10.0.0.2:5432")
        #expect(ask(Self.backends + [routes], address: "127.0.0.2") == "1 v1 10.0.0.1:5432")
        #expect(ask(Self.backends + [routes], address: "no address") == "2 v2 10.0.0.2:5432")
    }

    @Test func `a VirtualService of Gateways alone has no part in the mesh`() {
        #expect(
            ask(Self.backends + [Self.routes([["route": Self.to("v2")]], gateways: ["gate"])]) == Self.own
        )
    }

    @Test(arguments: [[10, 90], [1, 1], [0, 5]])
    func `connections are drawn by weight, one by one`(weights: [Int64]) {
        let split: Node = .sequence(
            zip(["v1", "v2"], weights).map {
                ["destination": ["host": "db", "subset": .string($0)], "weight": .integer($1)]
            }
        )
        let objects = Self.backends + [Self.routes([["route": split]])]
        var random = SeededGenerator(seed: 9)
        let found = (0..<400).count { _ in ask(objects, random: random.next()).contains(" v1 ") }
        let wanted = Double(weights[0]) / Double(weights[0] + weights[1])
        #expect(abs(Double(found) / 400 - wanted) < 0.1)
        if weights[0] == 0 { #expect(found == 0) }
    }

    @Test func `a change of the endpoints or routes makes another table`() {
        var router = Router(Self.backends)
        router.builder.apply(changed: [Self.routes([["route": Self.to("v2")]])], removed: [], revision: 2)
        let changed = Array(router.builder.snapshot.resources)
        #expect(ask(changed) == "0 v2 10.0.0.2:5432")
        let arena = RoutingArena()
        func addresses() -> [String] {
            let table = router.builder.table()
            return withExtendedLifetime(table) {
                let route = table.virtualHost(listener: 0, authority: arena.store("db"))?
                    .connectionRoute(port: 5432, address: ByteSlice())
                return (route?.destination(random: 0)?.endpoints ?? BorrowedList()).compactMap {
                    router.identifiers.endpoint($0.id)?.host
                }
            }
        }
        #expect(addresses() == ["10.0.0.2"])
        router.builder.apply(changed: [Self.entry("v2", "10.0.0.9")], removed: [], revision: 3)
        #expect(addresses() == ["10.0.0.9"])
    }

    // MARK: - Addresses

    @Test(arguments: [
        ("10.0.0.1", true), ("256.0.0.1", false), ("10.0.0", false), ("10.0.0.1.2", false),
        ("10.0.0.", false),
        ("1.2.3.4444", false), ("::", true), ("::1", true), ("1::", true), ("1:2:3:4:5:6:7:8", true),
        ("1:2:3:4:5:6:7:8:9", false), ("1:2:3:4:5:6:7", false), ("1::2::3", false), (":::", false),
        ("::ffff:10.0.0.1", true), ("1:2:3:4:5:6:7:1.2.3.4", false), ("fe80::12345", false), ("g::", false),
        ("1:", false), (":1", false), ("", false), ("name", false), ("1:2:3:4:5:6:7::", true),
    ])
    func `addresses are read strictly`(text: String, isValid: Bool) {
        let arena = RoutingArena()
        #expect((AddressBytes(arena.store(text)) != nil) == isValid)
    }

    @Test(arguments: [
        ("10.1.0.0/16", "10.1.255.255", true), ("10.1.0.0/16", "10.2.0.0", false),
        ("0.0.0.0/0", "9.9.9.9", true),
        ("0.0.0.0/0", "::1", false), ("::/0", "9.9.9.9", false), ("::/0", "fe80::1", true),
        ("fe80::/10", "febf::1", true), ("fe80::/10", "fec0::1", false), ("::1", "::1", true),
        ("2001:db8::/65", "2001:db8::7fff:0:0:0", true), ("2001:db8::/65", "2001:db8::8000:0:0:0", false),
        ("10.0.0.7", "10.0.0.7", true), ("10.0.0.7/31", "10.0.0.6", true), ("10.0.0.7/32", "10.0.0.6", false),
        ("10.0.0.0/8", "::ffff:10.9.9.9", true),
    ])
    func `ranges hold what they say`(range: String, address: String, isIn: Bool) throws {
        let arena = RoutingArena()
        let subnet = try #require(Subnet(range))
        let bytes = try #require(AddressBytes(arena.store(address)))
        #expect(subnet.contains(bytes) == isIn)
    }

    @Test func `what is no range is none`() {
        for text in ["10.0.0.0/33", "::/129", "10.0.0.0/-1", "10.0.0.0/x", "x", "10.0.0.0/"] {
            #expect(Subnet(text) == nil, "\(text)")
        }
    }

    // MARK: - Gateways

    private static func gateway(_ servers: (port: Int64, protocol: String)...) -> Resource {
        let servers: [Node] = servers.map {
            ["port": ["number": .init(.integer($0.port)), "protocol": .string($0.protocol)], "hosts": ["*"]]
        }
        return object(.gateway, "edge", ["spec": ["servers": .init(.sequence(servers))]])
    }

    /// The subset that a connection to the first Gateway listener of a port gets; `nil` where none takes it.
    private func subset(_ builder: RoutingTableBuilder, _ identifiers: RoutingIdentifiers, port: Int32)
        -> String?
    {
        let table = builder.table()
        return withExtendedLifetime(table) {
            guard let index = table.listeners.firstIndex(where: { $0.requestPort == port && $0.isOpaque }),
                let host = table.virtualHost(listener: Int32(index), authority: ByteSlice()),
                let destination = host.connectionRoute(port: port, address: ByteSlice())?.destination(
                    random: 0
                )
            else { return nil }
            return identifiers.counter(destination.counter)?.subset
        }
    }

    @Test func `a Gateway's port for TCP follows its VirtualServices`() {
        let router = Router(Self.backends + [Self.gateway((5432, "TCP"), (6379, "redis"), (80, "HTTP"))])
        var builder = router.builder
        let ids = router.identifiers
        #expect(builder.table().listeners.count(where: \.isOpaque) == 2)
        #expect(subset(builder, ids, port: 5432) == nil)
        func change(_ tcp: Node, gateways: Node = ["edge"]) {
            builder.apply(changed: [Self.routes(tcp, gateways: gateways)], removed: [], revision: 2)
        }
        change([["match": [["port": 6379]], "route": Self.to("v1")], ["route": Self.to("v2")]])
        #expect(subset(builder, ids, port: 5432) == "v2" && subset(builder, ids, port: 6379) == "v1")
        change([["match": [["port": 6379]], "route": Self.to("v2")]])
        #expect(subset(builder, ids, port: 5432) == nil && subset(builder, ids, port: 6379) == "v2")
        change([["route": Self.to("v2")]], gateways: ["other"])
        #expect(subset(builder, ids, port: 6379) == nil)
        change([["route": Self.to("v1")]])
        #expect(subset(builder, ids, port: 6379) == "v1")
        builder.apply(changed: [], removed: [Self.routes([]).key], revision: 3)
        #expect(subset(builder, ids, port: 6379) == nil)
    }

    @Test func `a port speaks what its oldest server does`() {
        let tcpFirst = Router(Self.backends + [Self.gateway((80, "TCP"), (80, "HTTP"))]).builder.table()
        #expect(tcpFirst.listeners.dropFirst().map(\.isOpaque) == [true])
        let httpFirst = Router(Self.backends + [Self.gateway((80, "HTTP"), (80, "TCP"))]).builder.table()
        #expect(httpFirst.listeners.dropFirst().map(\.isOpaque) == [false])
    }

    @Test func `pages tell of ports that pass connections on`() {
        let route: Node = [["match": [["port": 5432]], "route": Self.to("v2")]]
        let router = Router(Self.backends + [Self.routes(route)])
        let contents = router.builder.table().contents(listener: 0, router.identifiers)
        let routes = contents.flatMap(\.routes).filter { $0.port != nil }
        #expect(routes.map { "\($0.port ?? 0) \($0.virtualService)" } == ["5432 default/db", "6379 "])
        #expect(routes.first?.destinations.first?.endpoints.map(\.address) == ["10.0.0.2:5432"])
    }
}
