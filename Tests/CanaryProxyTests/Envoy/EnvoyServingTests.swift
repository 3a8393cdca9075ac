// SPDX-License-Identifier: Apache-2.0

import CanaryInsight
import CanaryResources
import CanaryTestSupport
import Glibc
import Testing

/// What Envoy makes of exported configurations beyond single requests: shares, sticky users, files that change, and what
/// happens beside forwarding. Skipped where there is no Envoy; see ``EnvoyDifferenceTests``.
@Suite(
    .enabled(if: EnvoyProcess.path != nil, "there is no Envoy: CANARYCTL_ENVOY names none, and PATH has none")
)
struct EnvoyServingTests {
    private static let mesh = GeneratedCluster.Place(listener: "mesh", authority: "app.test")

    private static func request(_ target: String = "/", method: String = "GET", _ fields: (String, String)...)
        -> GeneratedRequest
    {
        GeneratedRequest(place: mesh, method: method, target: target, fields: fields)
    }

    private static func routes(_ http: Value) -> Resource {
        TestProxy.resource(.virtualService, "app", ["spec": ["hosts": ["app.test"], "http": http]])
    }

    private static func split(_ v1: Int64, _ v2: Int64) -> Value {
        [
            [
                "route": [
                    ["destination": ["host": "alpha", "subset": "v1"], "weight": .integer(v1)],
                    ["destination": ["host": "alpha", "subset": "v2"], "weight": .integer(v2)],
                ]
            ]
        ]
    }

    @Test func `shares are those of the weights`() throws {
        let scene = try EnvoyScene { origins, port in
            GeneratedCluster.backends(origins, port) + [Self.routes(Self.split(9, 1))]
        }
        let count = 3000.0
        for send in [scene.throughEnvoy, scene.throughProxy] {
            var canary = 0.0
            for _ in 0..<Int(count) where try send(Self.request()).origin == "alpha-v2" { canary += 1 }
            // Six standard deviations: one run in 500 million is further off.
            #expect(abs(canary - count * 0.1) < 6 * (count * 0.1 * 0.9).squareRoot())
        }
    }

    @Test func `sticky users stay while a share grows by files that change`() throws {
        let origins = try EchoOrigins()
        let scratch = try ScratchDirectory()
        let gatewayPort = Int64(try TestOrigin.unusedPort())
        func write(_ v1: Int64, _ v2: Int64) throws {
            let rule: Value = [
                "spec": [
                    "host": "alpha",
                    "trafficPolicy": ["loadBalancer": ["consistentHash": ["httpHeaderName": "x-user"]]],
                ]
            ]
            let objects =
                GeneratedCluster.backends(origins, gatewayPort) + [
                    Self.routes(Self.split(v1, v2)), TestProxy.resource(.destinationRule, "alpha", rule),
                ]
            let configuration = EnvoyScene.export(ClusterSnapshot(revision: 1, objects))
            for file in EnvoyDiscovery(configuration, directory: scratch.path).files {
                let fresh = try scratch.write(JSONWriter.write(file.content), to: "fresh")
                #expect(rename(fresh, scratch.path(file.name)) == 0)
            }
        }
        try write(100, 0)
        let envoy = try EnvoyProcess(bootstrap: scratch.path("bootstrap.json"), in: scratch)
        let connection = try TestConnection(to: envoy.listeners["mesh"] ?? "")
        func canaryUsers() throws -> Set<Int> {
            try Set(0..<200).filter { user in
                try connection.send(Self.request("/", ("x-user", "user-\(user)")).text)
                return Outcome(try connection.readMessage()).origin == "alpha-v2"
            }
        }
        var before = try canaryUsers()
        #expect(before.isEmpty)
        for share in [20, 60, 100] as [Int64] {
            try write(100 - share, share)
            // The change comes while some of the users ask: it is there when all of them have the same answer twice.
            var users = before
            for _ in 0..<3000 {
                let last = users
                users = try canaryUsers()
                if users == last, users != before { break }
                poll(nil, 0, 5)
            }
            // The hash is fixed, and so are these numbers; the bound is far from them.
            #expect(abs(users.count - Int(share) * 2) < 40)
            #expect(users.isSuperset(of: before))
            before = users
        }
    }

    @Test func `Envoy starts whatever texts there are`() throws {
        let route: Value = [["destination": ["host": "gamma.external"]]]
        let odd: Value = [
            ["match": [["queryParams": ["": ["exact": "1"]]]], "directResponse": ["status": 600]],
            [
                "match": [["headers": ["x-a": ["exact": "a\nb"]]], ["uri": ["prefix": "/\n"]]],
                "route": route,
                "rewrite": ["uri": "/a\nb", "authority": "x\r\ny"],
                "headers": [
                    "request": ["set": ["x a\n": "v", "x-b": "%NOBODY% % %%"], "remove": ["", "é"]]
                ],
            ],
            [
                "match": [["uri": ["regex": "((a{100}){10})"]]],
                "redirect": ["uri": "/\n", "authority": "\n"],
            ],
            ["match": [["uri": ["regex": "("]]], "redirect": ["redirectCode": 399, "uri": "/"]],
            ["match": [["uri": ["exact": ""]]], "route": []],
            ["route": route, "rewrite": ["uriRegexRewrite": ["match": "a(b)", "rewrite": "\\2\n\\"]]],
        ]
        let rule: Value = [
            "spec": [
                "host": "gamma.external",
                "trafficPolicy": ["loadBalancer": ["consistentHash": ["httpQueryParameterName": ""]]],
            ]
        ]
        let objects =
            GeneratedCluster.backends(try EchoOrigins(), Int64(try TestOrigin.unusedPort())) + [
                Self.routes(odd), TestProxy.resource(.destinationRule, "gamma", rule),
            ]
        let configuration = EnvoyScene.export(ClusterSnapshot(revision: 1, objects))
        #expect(configuration.warnings.count > 8)
        let envoy = try EnvoyProcess(configuration)
        #expect(envoy.listeners.keys.contains("mesh"))
    }

    @Test func `both act on faults and CORS policies alike`() throws {
        let route: Value = [["destination": ["host": "alpha", "subset": "v1"]]]
        let http: Value = [
            [
                "match": [["uri": ["prefix": "/abort"]]], "route": route,
                "fault": [
                    "delay": ["fixedDelay": "1ms", "percentage": ["value": 100]],
                    "abort": ["httpStatus": 418, "percentage": ["value": 100]],
                ],
            ],
            [
                "match": [["uri": ["prefix": "/cors"]]], "route": route,
                "corsPolicy": [
                    "allowOrigins": [["prefix": "https://shop."]], "allowMethods": ["GET", "PUT"],
                    "allowHeaders": ["x-one", "x-two"], "maxAge": "2m", "allowCredentials": true,
                ],
            ],
        ]
        let scene = try EnvoyScene { origins, port in
            GeneratedCluster.backends(origins, port) + [Self.routes(http)]
        }
        for send in [scene.throughEnvoy, scene.throughProxy] {
            #expect(try send(Self.request("/abort")).status == 418)
            let preflight = try send(
                Self.request(
                    "/cors",
                    method: "OPTIONS",
                    ("origin", "https://shop.test"),
                    ("access-control-request-method", "PUT")
                )
            )
            #expect(preflight.origin == "")
            #expect(
                preflight.headers == [
                    "access-control-allow-credentials: true", "access-control-allow-headers: x-one,x-two",
                    "access-control-allow-methods: GET,PUT",
                    "access-control-allow-origin: https://shop.test", "access-control-max-age: 120",
                ]
            )
            let foreign = try send(Self.request("/cors", ("origin", "https://evil.test")))
            #expect(!foreign.headers.contains { $0.hasPrefix("access-control") })
        }
    }

    @Test func `mirrors get copies`() throws {
        let copies = Counter()
        let mirror = try TestOrigin { request in
            if request.field("host") == "app.test-shadow", request.startLine == "GET /new/x HTTP/1.1" {
                copies.next()
            }
            return TestOrigin.response("")
        }
        let http: Value = [
            [
                "match": [["uri": ["prefix": "/old"]]], "rewrite": ["uri": "/new"],
                "route": [["destination": ["host": "alpha", "subset": "v1"]]],
                "mirrors": [["destination": ["host": "copies.test", "port": ["number": 80]]]],
            ]
        ]
        let entry: Value = [
            "spec": [
                "hosts": ["copies.test"], "ports": [["number": 80, "name": "http", "protocol": "HTTP"]],
                "resolution": "STATIC",
                "endpoints": [["address": "127.0.0.1", "ports": ["http": .integer(Int64(mirror.port))]]],
            ]
        ]
        let scene = try EnvoyScene { origins, port in
            GeneratedCluster.backends(origins, port) + [
                Self.routes(http), TestProxy.resource(.serviceEntry, "copies", entry),
            ]
        }
        for (number, send) in [scene.throughEnvoy, scene.throughProxy].enumerated() {
            #expect(try send(Self.request("/old/x")).origin == "alpha-v1")
            for _ in 0..<3000 where copies.value == number { poll(nil, 0, 10) }
            #expect(copies.value == number + 1)
        }
    }

    @Test func `no client may say how often and how long it is tried`() throws {
        let names = [
            "retry-on", "retry-grpc-on", "max-retries", "retriable-status-codes", "retriable-header-names",
            "upstream-rq-timeout-ms", "upstream-rq-per-try-timeout-ms", "upstream-rq-timeout-alt-response",
            "upstream-alt-stat-name", "expected-rq-timeout-ms", "hedge-on-per-try-timeout", "internal",
            "force-trace", "ip-tags", "original-url", "decorator-operation", "downstream-service-cluster",
            "downstream-service-node", "attempt-count", "original-path", "is-timeout-retry", "peer-metadata",
            "overloaded", "upstream-service-time", "unknown",
        ]
        let http: Value = [
            [
                "route": [["destination": ["host": "alpha", "subset": "v1"]]],
                "retries": ["attempts": 1, "retryOn": "retriable-4xx"],
            ]
        ]
        let scene = try EnvoyScene { origins, port in
            GeneratedCluster.backends(origins, port) + [Self.routes(http)]
        }
        for name in names {
            var request = Self.request("/", ("X-Envoy-\(name)", "1"), ("x-fail", "503"))
            request.fields.append(("x-envoy-retry-on", "5xx"))
            let theirs = try scene.throughEnvoy(request)
            let ours = try scene.throughProxy(request)
            #expect(ours == theirs, "\(name)")
            #expect(ours.headers.contains("x-tries: 1"))
        }
    }
}
