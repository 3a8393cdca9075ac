// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Testing

@testable import CanaryResources

/// HTTP routes where Istio sees streams (CAN1130).
extension TrippingRuleTests {
    @Test(arguments: [
        ("tcp-web", 80, 1), ("mysql", 80, 1), ("https", 443, 1), ("tls-x", 80, 1), ("http", 80, 0),
        ("web", 80, 0),
        ("grpc-web", 80, 0), ("web", 3306, 1),
    ])
    func `HTTP routes on a port for TCP`(name: String, port: Int64, expected: Int) {
        let ports: Node = [["name": .string(name), "port": .integer(port)]]
        let service = object(.service, "web", ["spec": ["ports": ports]])
        #expect(count("CAN1130", matching(["uri": ["prefix": "/"]]), service) == expected)
    }

    @Test(arguments: [
        ("TCP", 1), ("HTTPS", 1), ("tls", 1), ("Mongo", 1), ("HTTP", 0), ("grpc-web", 0), ("HTTP2", 0),
        ("SOMETHING", 0),
    ])
    func `HTTP routes on a port of a ServiceEntry`(spoken: String, expected: Int) {
        let entry = object(
            .serviceEntry,
            "out",
            [
                "spec": [
                    "hosts": ["api.test"],
                    "ports": [["number": 443, "name": "p", "protocol": .string(spoken)]],
                ]
            ]
        )
        let routed = routes(hosts: ["api.test"], http: [["route": [["destination": ["host": "api.test"]]]]])
        #expect(count("CAN1130", routed, entry) == expected)
    }

    /// The ports are 80, HTTP, and 9000, TCP.
    private var mixed: Resource {
        object(
            .service,
            "web",
            ["spec": ["ports": [["name": "http", "port": 80], ["name": "tcp-x", "port": 9000]]]]
        )
    }

    @Test func `HTTP routes that name the TCP one of several ports`() {
        func asking(_ port: Int64) -> Resource { matching(["port": .integer(port)]) }
        #expect(
            findings("CAN1130", asking(9000), mixed).map(\.path.description) == ["spec.http[0].match[0].port"]
        )
        #expect(count("CAN1130", asking(80), mixed) == 0)
        #expect(count("CAN1130", matching(["uri": ["prefix": "/"]]), mixed) == 0)
        let leaf = object(
            .virtualService,
            "leaf",
            ["spec": ["http": [["match": [["port": 9000]], "directResponse": ["status": 200]]]]]
        )
        let root = routes(http: [["delegate": ["name": "leaf"]]])
        #expect(findings("CAN1130", root, leaf, mixed).map(\.path.description) == ["spec.http[0].delegate"])
    }

    @Test func `HTTP routes that split a host with a port for TCP`() {
        let split: Node = [["route": [["destination": ["host": "web", "subset": "v2"]]]]]
        #expect(findings("CAN1130", routes(http: split), mixed).map(\.path.description) == ["spec.hosts[0]"])
        let handled = object(
            .virtualService,
            "web",
            ["spec": ["hosts": ["web"], "http": split, "tcp": split]]
        )
        #expect(count("CAN1130", handled, mixed) == 0)
    }

    @Test func `a port that appProtocol speaks for is not mended by its name`() {
        let ports: Node = [["name": "http", "port": 80, "appProtocol": "tcp"]]
        let service = object(.service, "web", ["spec": ["ports": ports]])
        let hints = findings("CAN1130", matching(["uri": ["prefix": "/"]]), service).map(\.hint)
        #expect(hints == ["if it speaks plain HTTP, set \"appProtocol: http\" at port 80 of the Service"])
    }
}
