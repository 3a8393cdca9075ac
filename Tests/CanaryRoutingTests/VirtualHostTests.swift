// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Testing

@testable import CanaryResources
@testable import CanaryRouting

struct VirtualHostTests {
    @Test(arguments: [
        "helloworld", "HelloWorld:80", "helloworld.default", "helloworld.default.svc",
        "helloworld.default.svc.cluster.local", "helloworld.default.svc.cluster.local.:15001",
    ])
    func `a service answers to every form of its name`(authority: String) {
        let answer = Router(Helloworld.backends).ask(authority)
        #expect(answer.action == "forward")
        #expect(answer.endpoints == ["127.0.0.1:9081", "127.0.0.1:9082"])
    }

    @Test(arguments: ["other", "helloworld.", "helloworld.shop", "x.helloworld", "", ":80", "[::1]:80"])
    func `unknown names get 404`(authority: String) {
        #expect(Router(Helloworld.backends).ask(authority).action == "404")
    }

    @Test func `a bare name belongs to the client's namespace`() {
        let services = [Helloworld.service(), Helloworld.service(namespace: "shop")]
        let router = Router(services, namespace: "shop")
        #expect(router.ask("helloworld").destination == "helloworld.shop.svc.cluster.local|")
        #expect(router.ask("helloworld.default").destination == "helloworld.default.svc.cluster.local|")
        #expect(Router(services, namespace: "third").ask("helloworld").action == "404")
    }

    @Test func `cluster addresses are names too`() {
        let service = object(
            .service,
            "six",
            ["spec": ["clusterIP": "2001:db8::1", "ports": [["port": 80]]]]
        )
        let router = Router([service])
        #expect(router.ask("[2001:DB8::1]:80").action == "forward")
        #expect(router.ask("[2001:db8::1]").action == "forward")
        #expect(router.ask("2001:db8::1").action == "forward")
    }

    @Test func `the longest wildcard wins, and covers names below it only`() {
        func virtualService(_ name: String, _ host: String) -> Resource {
            object(
                .virtualService,
                name,
                [
                    "spec": [
                        "hosts": [.string(host)],
                        "http": [["route": [["destination": ["host": .string("\(name).test")]]]]],
                    ]
                ]
            )
        }
        let router = Router([
            virtualService("short", "*.com"), virtualService("long", "*.foo.com"),
            virtualService("odd", "*-x.foo.com"), virtualService("exact", "a.foo.com"),
        ])
        #expect(router.ask("a.foo.com").destination == "exact.test|")
        #expect(router.ask("B.Foo.com:8080").destination == "long.test|")
        #expect(router.ask("b.c.foo.com").destination == "long.test|")
        #expect(router.ask("b-x.foo.com").destination == "odd.test|")
        #expect(router.ask("foo.com").destination == "short.test|")
        #expect(router.ask(".foo.com").destination == "short.test|")
        #expect(router.ask("com").action == "404")
    }

    @Test func `the most specific VirtualService decides about a service, then the oldest`() {
        func virtualService(_ name: String, _ host: String, _ revision: Int64) -> Resource {
            object(
                .virtualService,
                name,
                [
                    "spec": [
                        "hosts": [.string(host)],
                        "http": [["route": [["destination": ["host": .string("\(name).test")]]]]],
                    ]
                ]
            ).created(revision)
        }
        let wide = virtualService("wide", "*.default.svc.cluster.local", 1)
        let old = virtualService("old", "helloworld", 3)
        let new = virtualService("new", Helloworld.host, 4)
        #expect(Router([Helloworld.service(), wide]).ask("helloworld").destination == "wide.test|")
        #expect(Router([Helloworld.service(), wide, new, old]).ask("helloworld").destination == "old.test|")
        #expect(
            Router([Helloworld.service(), wide, old]).ask("other.default.svc.cluster.local").destination
                == "wide.test|"
        )
    }

    @Test func `a full name wins over another host's short one`() {
        let virtualService = object(
            .virtualService,
            "clash",
            [
                "spec": [
                    "hosts": ["helloworld.default"],
                    "http": [["route": [["destination": ["host": "clash.test"]]]]],
                ]
            ]
        )
        let router = Router(Helloworld.backends + [virtualService])
        #expect(router.ask("helloworld.default").destination == "clash.test|")
        #expect(router.ask("helloworld").destination == "\(Helloworld.host)|")
    }

    @Test func `VirtualServices that are not exported are not seen`() {
        let virtualService = object(
            .virtualService,
            "hidden",
            namespace: "shop",
            [
                "spec": [
                    "hosts": ["hidden.test"], "exportTo": ["."],
                    "http": [["directResponse": ["status": 200]]],
                ]
            ]
        )
        #expect(Router([virtualService]).ask("hidden.test").action == "404")
        #expect(Router([virtualService], namespace: "shop").ask("hidden.test").action == "directResponse")
    }

    @Test func `the port is the authority's if the service has it, else 80, else the first`() {
        let service = object(
            .service,
            "ports",
            ["spec": ["ports": [["port": 8080, "name": "a"], ["port": 80, "name": "b"]]]]
        )
        let other = object(.service, "one", ["spec": ["ports": [["port": 5000]]]])
        let table = Router([service, other]).builder.table()
        func port(_ host: String, _ authority: Int32, _ listener: Int32 = -1) -> Int32? {
            let arena = RoutingArena()
            return table.virtualHost(listener: 0, authority: arena.store(host))?
                .servicePort(authorityPort: authority, listenerPort: listener)
        }
        #expect(port("ports", 8080) == 8080)
        #expect(port("ports", 15001) == 80)
        #expect(port("ports", -1) == 80)
        #expect(port("one", 15001) == 5000)
        #expect(port("one", -1, 30000) == 30000)
    }
}
