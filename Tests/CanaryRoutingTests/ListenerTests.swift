// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting
import CanaryTestSupport
import Testing

@testable import CanaryResources

struct ListenerTests {
    private func gateway(
        _ name: String = "edge",
        namespace: String = "default",
        port: Int64 = 8080,
        hosts: Node,
        redirect: Bool = false
    ) -> Resource {
        object(
            .gateway,
            name,
            namespace: namespace,
            [
                "spec": [
                    "servers": [
                        [
                            "port": ["number": .integer(port), "name": "http", "protocol": "HTTP"],
                            "hosts": hosts,
                            "tls": redirect ? ["httpsRedirect": true] : nil,
                        ]
                    ]
                ]
            ]
        )
    }

    private func routes(
        _ name: String,
        _ revision: Int64,
        hosts: Node,
        gateways: Node = ["edge"],
        _ http: Node
    ) -> Resource {
        object(.virtualService, name, ["spec": ["hosts": hosts, "gateways": gateways, "http": http]]).created(
            revision
        )
    }

    @Test func `services of type NodePort and LoadBalancer open their own ports`() {
        let service = object(
            .service,
            "open",
            [
                "spec": [
                    "type": "LoadBalancer", "selector": ["app": "helloworld"],
                    "ports": [
                        ["port": 80, "name": "http", "nodePort": 30080],
                        ["port": 53, "name": "dns", "protocol": "UDP"],
                    ],
                ]
            ]
        )
        let router = Router(Helloworld.backends + [service])
        let listeners = router.builder.table().listeners
        #expect(listeners.map(\.kind) == [.mesh, .loadBalancer, .nodePort])
        #expect(listeners.map(\.port) == [0, 80, 30080])
        #expect(listeners.map(\.requestPort) == [-1, 80, 80])
        let answer = router.ask("anything.example", listener: 2)
        #expect(answer.destination == "open.default.svc.cluster.local|")
        #expect(answer.endpoints.count == 2)
    }

    @Test func `a gateway serves the hosts that are bound to it`() {
        let objects =
            Helloworld.backends + [
                gateway(hosts: ["*.test"]),
                routes("bound", 1, hosts: ["a.test", "b.example"], [["directResponse": ["status": 201]]]),
                routes(
                    "unbound",
                    2,
                    hosts: ["c.test"],
                    gateways: ["mesh"],
                    [["directResponse": ["status": 202]]]
                ),
            ]
        let router = Router(objects)
        #expect(router.builder.table().listeners.map(\.port) == [0, 8080])
        #expect(router.ask("A.test:8080", listener: 1).location == "201 ")
        #expect(router.ask("b.example", listener: 1).action == "404")
        #expect(router.ask("c.test", listener: 1).action == "404")
        #expect(router.ask("a.test").action == "404")
        #expect(router.ask("helloworld", listener: 1).action == "404")
    }

    @Test(arguments: [
        ("default/*", true), ("./*", true), ("*/*", true), ("shop/*", false), ("a.test", true),
        ("*.test", true),
        ("*.example", false), ("default/b.test", false),
    ])
    func `servers choose hosts and namespaces`(pattern: String, isServed: Bool) {
        let objects = [
            gateway(hosts: [.string(pattern)]),
            routes("a", 1, hosts: ["a.test"], [["directResponse": ["status": 200]]]),
        ]
        #expect((Router(objects).ask("a.test", listener: 1).action != "404") == isServed)
    }

    @Test func `routes of several VirtualServices follow each other by age, catch-alls last`() {
        let router = Router([
            gateway(hosts: ["*"]),
            routes(
                "old",
                1,
                hosts: ["a.test"],
                [
                    ["match": [["uri": ["prefix": "/a"]]], "directResponse": ["status": 201]],
                    ["directResponse": ["status": 202]],
                    ["match": [["uri": ["prefix": "/b"]]], "directResponse": ["status": 209]],
                ]
            ),
            routes(
                "new",
                2,
                hosts: ["a.test"],
                [["match": [["uri": ["prefix": "/"]]], "directResponse": ["status": 203]]]
            ),
            routes(
                "mid",
                3,
                hosts: ["a.test"],
                [["match": [["uri": ["prefix": "/b"]]], "directResponse": ["status": 204]]]
            ),
        ])
        #expect(router.ask("a.test", "/a", listener: 1).location == "201 ")
        #expect(router.ask("a.test", "/b", listener: 1).location == "204 ")
        #expect(router.ask("a.test", "/c", listener: 1).location == "202 ")
    }

    @Test func `match conditions on port, gateway and source are decided per listener`() {
        let objects = [
            gateway(hosts: ["*"]), gateway("second", port: 9090, hosts: ["*"]),
            routes(
                "a",
                1,
                hosts: ["a.test"],
                gateways: ["edge", "second", "mesh"],
                [
                    ["match": [["gateways": ["default/second"]]], "directResponse": ["status": 201]],
                    ["match": [["port": 8080]], "directResponse": ["status": 202]],
                    ["match": [["sourceLabels": ["a": "b"]]], "directResponse": ["status": 203]],
                    ["directResponse": ["status": 204]],
                ]
            ),
        ]
        let router = Router(objects, labels: ["a": "b"])
        #expect(router.ask("a.test", listener: 0).location == "203 ")
        #expect(router.ask("a.test", listener: 1).location == "202 ")
        #expect(router.ask("a.test", listener: 2).location == "201 ")
    }

    @Test func `gateways on one port share a listener, redirects go to https`() {
        let objects = [
            gateway(hosts: ["a.test"]).created(1),
            gateway("second", hosts: ["*.b.test"], redirect: true).created(2),
            routes("a", 3, hosts: ["*"], gateways: ["edge"], [["directResponse": ["status": 200]]]),
        ]
        let router = Router(objects)
        #expect(router.builder.table().listeners.count == 2)
        #expect(router.ask("x.b.test:8080", "/p?q", listener: 1).location == "301 https://x.b.test:8080/p?q")
        #expect(router.ask("a.test", listener: 1).location == "200 ")
    }
}
