// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Testing

@testable import CanaryMesh
@testable import CanaryResources
@testable import CanaryRouting

/// What annotations ask for, which addresses are checked, and what becomes of those that fail.
struct HealthCheckPolicyTests {
    private static func policy(_ annotations: [String: String]) throws -> HealthCheckPolicy? {
        let pairs = annotations.map { ("canaryctl.dev/health-check\($0.key)", $0.value) }
        return try HealthCheckPolicy(Dictionary(uniqueKeysWithValues: pairs))
    }

    @Test func `annotations say how endpoints are checked`() throws {
        #expect(try Self.policy([:]) == nil)
        #expect(try Self.policy(["-interval": "nonsense"]) == nil)
        #expect(try Self.policy(["": "tcp"]) == HealthCheckPolicy(.tcp))
        var policy = HealthCheckPolicy(.http(path: "/healthz?deep=1"))
        policy.intervalMilliseconds = 500
        policy.timeoutMilliseconds = 60_000
        policy.healthyThreshold = 2
        policy.unhealthyThreshold = 1
        let given = [
            "": "http:/healthz?deep=1", "-interval": "500ms", "-timeout": "1m", "-healthy-threshold": "2",
            "-unhealthy-threshold": "1",
        ]
        #expect(try Self.policy(given) == policy)
    }

    @Test(arguments: [
        ("", ""), ("", "udp"), ("", "http"), ("", "http:"), ("", "http:healthz"), ("", "http:/a b"),
        ("", "http:/a\r\nHost: b"), ("", "http:/é"), ("-interval", "0s"), ("-interval", "5"),
        ("-interval", "-1s"), ("-timeout", "25h"), ("-healthy-threshold", "0"),
        ("-unhealthy-threshold", "three"),
    ]) func `what means nothing is told, with the annotation`(name: String, value: String) {
        let problem = #expect(throws: HealthCheckPolicy.Problem.self) {
            _ = try Self.policy(["": "tcp"].merging([name: value]) { $1 })
        }
        #expect(problem?.annotation == "canaryctl.dev/health-check\(name)")
        #expect(problem?.message.contains("\"\(value)\"") == true)
    }

    // MARK: - Tables

    private static func service(_ check: Node?, name: String = "app") -> Resource {
        let service = object(
            .service,
            name,
            [
                "spec": [
                    "selector": ["app": "app"],
                    "ports": [["port": 80, "name": "http"], ["port": 5432, "name": "tcp-sql"]],
                ]
            ]
        )
        var body = service.body
        body.set(check, at: "metadata", "annotations", HealthCheckPolicy.annotation)
        return Resource(key: service.key, body: body)
    }

    private static func entry(_ address: String) -> Resource {
        object(
            .workloadEntry,
            "app-\(address)",
            ["spec": ["address": .string(address), "labels": ["app": "app", "version": "v1"]]]
        )
    }

    private static func endpoints(_ builder: RoutingTableBuilder, _ router: Router, host: String = "app")
        -> Int?
    {
        let table = builder.table()
        let arena = RoutingArena()
        return withExtendedLifetime((table, arena)) {
            var facts = RequestFacts()
            facts.port = 80
            let found = table.virtualHost(listener: 0, authority: arena.store(host))
            return found?.route(for: facts)?.destination(for: facts, random: 0)?.endpoints.count
        }
    }

    @Test func `each address is checked by itself, and by connections where it speaks no HTTP`() {
        let router = Router([Self.service("http:/up"), Self.entry("10.0.0.1"), Self.entry("10.0.0.2")])
        let found = router.builder.table().healthChecks.map { "\($0.address.description) \($0.policy.kind)" }
        #expect(
            Set(found) == [
                "10.0.0.1:80 http(path: \"/up\")", "10.0.0.2:80 http(path: \"/up\")", "10.0.0.1:5432 tcp",
                "10.0.0.2:5432 tcp",
            ]
        )
        #expect(Router([Self.service(nil), Self.entry("10.0.0.1")]).builder.table().healthChecks.isEmpty)
        #expect(Router([Self.service("what"), Self.entry("10.0.0.1")]).builder.table().healthChecks.isEmpty)
    }

    @Test func `an address that fails is no endpoint, wherever it is routed to, and is checked on`() {
        let routes = object(
            .virtualService,
            "alias",
            ["spec": ["hosts": ["alias"], "http": [["route": [["destination": ["host": "app"]]]]]]]
        )
        let router = Router([
            Self.service("tcp"), Self.service(nil, name: "other"), Self.entry("10.0.0.1"),
            Self.entry("10.0.0.2"), routes,
        ])
        var builder = router.builder
        let failing = EndpointAddress(host: "10.0.0.1", port: 80)
        builder.apply(failing: [failing])
        for host in ["app", "alias"] { #expect(Self.endpoints(builder, router, host: host) == 1) }
        // A Service that asks for no checks is none the wiser.
        #expect(Self.endpoints(builder, router, host: "other") == 2)
        #expect(builder.table().healthChecks.count == 4)
        builder.apply(changed: [Self.entry("10.0.0.3")], removed: [], revision: 2)
        #expect(Self.endpoints(builder, router) == 2)
        builder.apply(failing: [])
        for host in ["app", "alias"] { #expect(Self.endpoints(builder, router, host: host) == 3) }
    }
}
