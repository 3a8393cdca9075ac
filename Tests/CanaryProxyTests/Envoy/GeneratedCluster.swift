// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryTestSupport

/// Objects of a random cluster: services with the echoing origins behind them, and VirtualServices of all kinds of hosts.
struct GeneratedCluster {
    /// A listener and an authority that requests may use.
    struct Place: Hashable {
        /// `mesh` or `gateway`.
        var listener: String
        var authority: String
    }

    private(set) var objects: [Resource]
    private(set) var places: [Place] = []
    private var routes: GeneratedRoutes

    init(seed: UInt64, virtualServices: Int, gatewayPort: Int64, origins: EchoOrigins) {
        routes = GeneratedRoutes(generator: SeededGenerator(seed: seed))
        objects = Self.backends(origins, gatewayPort)
        for number in 0..<virtualServices { add(number, gatewayPort) }
        places += ["unknown.test", "a.unknown.test", "wild.test"].flatMap { name in
            ["mesh", "gateway"].map { Place(listener: $0, authority: name) }
        }
        places.append(Place(listener: "gateway", authority: "secure.test"))
    }

    /// A VirtualService; by its number it is one of several kinds.
    private mutating func add(_ number: Int, _ gatewayPort: Int64) {
        let name = "h\(number)"
        switch number % 7 {
        case 0:
            add(name, hosts: ["\(name).test", "\(name).other.test"], listeners: ["mesh"])
            places += ["\(name).test", "\(name).OTHER.test", "\(name).test:80", "\(name).test:8080"].map {
                Place(listener: "mesh", authority: $0)
            }
        case 1:
            add(name, hosts: ["*.\(name).test"], listeners: ["mesh", "gateway"])
            for listener in ["mesh", "gateway"] {
                places += ["a.\(name).test", "b.a.\(name).test", "\(name).test"].map {
                    Place(listener: listener, authority: $0)
                }
            }
        case 2: addService("svc\(number)", address: "10.9.\(number).1")
        case 3: addDelegating(name)
        case 4:
            add(name, hosts: ["\(name).test"], listeners: ["gateway"])
            add("\(name)-more", hosts: ["\(name).test"], listeners: ["gateway"])
            places += ["\(name).test", "\(name).test:\(gatewayPort)"].map {
                Place(listener: "gateway", authority: $0)
            }
        case 5: addForSomeClients(name)
        default:
            add(name, hosts: ["x.\(name).test"], listeners: ["mesh", "gateway"])
            add("\(name)-wide", hosts: ["*.\(name).test"], listeners: ["mesh", "gateway"])
            places += ["x.\(name).test", "y.\(name).test"].flatMap { authority in
                ["mesh", "gateway"].map { Place(listener: $0, authority: authority) }
            }
        }
    }

    private mutating func add(_ name: String, hosts: [String], listeners: [String], http: [Value]? = nil) {
        let gateways = listeners.map { Value.text($0 == "mesh" ? "mesh" : "front") }
        let spec: Value = [
            "hosts": .list(hosts.map { .text($0) }), "gateways": .list(gateways),
            "http": .list(http ?? routes.list()),
        ]
        objects.append(TestProxy.resource(.virtualService, name, ["spec": spec]))
    }

    /// A Service with two ports, whose routes see which of them was addressed.
    private mutating func addService(_ name: String, address: String) {
        let spec: Value = [
            "selector": ["app": .text(name)], "clusterIP": .text(address),
            "ports": [["port": 80, "name": "http"], ["port": 8080, "name": "http-alt"]],
        ]
        objects.append(TestProxy.resource(.service, name, ["spec": spec]))
        add(name, hosts: [name], listeners: ["mesh"])
        places += [
            name, "\(name):8080", "\(name).default:80", "\(name).default.svc", "\(address):8080",
            "\(name).default.svc.cluster.local:9", "\(name).default.svc.cluster.local.", "\(name).other",
        ].map { Place(listener: "mesh", authority: $0) }
    }

    /// Routes that exist for some clients only, so that the next VirtualService, the wildcard or the Service takes requests.
    private mutating func addForSomeClients(_ name: String) {
        let spec: Value = [
            "selector": ["app": "beta"],
            "ports": [["port": 80, "name": "http"], ["port": 8080, "name": "http-alt"]],
        ]
        objects.append(TestProxy.resource(.service, name, ["spec": spec]))
        add(name, hosts: [name], listeners: ["mesh"], http: routes.listForSomeClients())
        add("\(name)-next", hosts: [name], listeners: ["mesh"], http: routes.listForSomeClients())
        let both = ["mesh", "gateway"]
        add("\(name)-x", hosts: ["x.\(name).test"], listeners: both, http: routes.listForSomeClients())
        add("\(name)-wide", hosts: ["*.\(name).test"], listeners: both, http: routes.listForSomeClients())
        add("\(name)-last", hosts: ["*.\(name).test"], listeners: ["gateway"])
        places += [name, "\(name):8080", "x.\(name).test", "y.\(name).test", "x.\(name).test:8080"].map {
            Place(listener: "mesh", authority: $0)
        }
        places += ["x.\(name).test", "y.\(name).test"].map { Place(listener: "gateway", authority: $0) }
    }

    private mutating func addDelegating(_ name: String) {
        let delegate: Value = ["name": .text("\(name)-leaf"), "namespace": "default"]
        let first: Value = ["match": [["uri": ["prefix": "/a"]]], "delegate": delegate, "timeout": "20s"]
        let second: Value = [
            "match": [["headers": ["x-h": ["exact": "1"]]]], "delegate": delegate,
            "headers": ["request": ["set": ["x-root": "%ROUTE_NAME%"]]],
        ]
        let missing: Value = ["match": [["method": ["exact": "PUT"]]], "delegate": ["name": "missing"]]
        add(
            name,
            hosts: ["\(name).test"],
            listeners: ["mesh"],
            http: [missing, first, second] + routes.list()
        )
        let leaf: Value = ["spec": ["http": .list(routes.list())]]
        objects.append(TestProxy.resource(.virtualService, "\(name)-leaf", leaf))
        places.append(Place(listener: "mesh", authority: "\(name).test"))
    }

    // MARK: - What is behind

    static func backends(_ origins: EchoOrigins, _ gatewayPort: Int64) -> [Resource] {
        func entry(_ name: String, _ app: String, _ version: String, _ ports: [(String, Int64)]) -> Resource {
            let spec: Value = [
                "address": "127.0.0.1", "ports": .object(ports.map { ($0, .integer($1)) }),
                "labels": ["app": .text(app), "version": .text(version)],
            ]
            return TestProxy.resource(.workloadEntry, name, ["spec": spec])
        }
        func service(_ name: String, _ ports: Value) -> Resource {
            TestProxy.resource(.service, name, ["spec": ["selector": ["app": .text(name)], "ports": ports]])
        }
        let server: Value = [
            "port": ["number": .integer(gatewayPort), "name": "http", "protocol": "HTTP"], "hosts": ["*"],
        ]
        let secure: Value = [
            "port": ["number": .integer(gatewayPort), "name": "http-2", "protocol": "HTTP"],
            "hosts": ["secure.test"], "tls": ["httpsRedirect": true],
        ]
        func external(_ name: String) -> Value {
            [
                "hosts": [.text("\(name).external")],
                "ports": [["number": 80, "name": "http", "protocol": "HTTP"]], "resolution": "STATIC",
                "endpoints": [["address": "127.0.0.1", "ports": ["http": .integer(origins.port(name))]]],
            ]
        }
        let two: Value = [["port": 80, "name": "http"], ["port": 8080, "name": "http-alt"]]
        return [
            service("alpha", [["port": 80, "name": "http"]]), service("beta", two),
            service("empty", [["port": 80, "name": "http"]]),
            entry("alpha-v1", "alpha", "v1", [("http", origins.port("alpha-v1"))]),
            entry("alpha-v2", "alpha", "v2", [("http", origins.port("alpha-v2"))]),
            entry(
                "beta",
                "beta",
                "v1",
                [("http", origins.port("beta-80")), ("http-alt", origins.port("beta-8080"))]
            ),
            TestProxy.resource(.serviceEntry, "gamma", ["spec": external("gamma")]),
            TestProxy.resource(.serviceEntry, "copies", ["spec": external("copies")]),
            TestProxy.resource(
                .gateway,
                "front",
                ["spec": ["selector": ["app": "gw"], "servers": [server]]]
            ),
            TestProxy.resource(
                .gateway,
                "secure",
                ["spec": ["selector": ["app": "gw"], "servers": [secure]]]
            ),
        ]
    }
}
