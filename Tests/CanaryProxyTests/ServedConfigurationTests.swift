// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryProxy

/// What `proxy-config` is told by a proxy that serves.
@Suite struct ServedConfigurationTests {
    private static func items(_ page: ServedConfiguration.Page, of proxy: TestProxy) -> [Node] {
        ServedConfiguration(proxy.proxy.shared).node(of: page)["items"]?.items ?? []
    }

    @Test func `certificates are told of with their state, and never a key`() throws {
        let server = TLSScene.server(["a.example"], [("mode", "SIMPLE"), ("credentialName", "a")])
        let missing = TLSScene.server(["b.example"], [("mode", "SIMPLE"), ("credentialName", "b")])
        let scene = try TLSScene([], servers: [server, missing]) {
            [TLSScene.secret("a", $0.issue("a.example", "DNS:a.example"))]
        }
        var certificates = Self.items(.secrets, of: scene.proxy)
        let good = try #require(certificates.first { $0["name"]?.string == "default/a" })
        #expect(good["status"]?.string == "ACTIVE")
        #expect(good["type"]?.string == "Cert Chain")
        #expect(good["subject"]?.string == "CN=a.example")
        #expect(good["usedBy"]?.string == "Gateway default/edge")
        #expect(good["issuer"]?.string?.isEmpty == false && good["serialNumber"]?.string?.isEmpty == false)
        let (start, end) = (good["notBefore"]?.string ?? "", good["notAfter"]?.string ?? "")
        #expect(start.count == 20 && start < end, "\(start) \(end)")
        let bad = try #require(certificates.first { $0["name"]?.string == "default/b" })
        #expect(bad["status"]?.string == "FAILED" && bad["subject"] == nil)
        #expect(bad["problem"]?.string?.contains("does not exist") == true)

        let other = TestAuthority()
        var mismatched = other.issue("a.example", "DNS:a.example")
        mismatched.key = other.issue("c.example", "DNS:c.example").key
        scene.install([TLSScene.secret("a", mismatched)])
        certificates = Self.items(.secrets, of: scene.proxy)
        let kept = try #require(certificates.first { $0["name"]?.string == "default/a" })
        #expect(kept["status"]?.string == "LAST GOOD")
        #expect(kept["serialNumber"]?.string == good["serialNumber"]?.string)
        #expect(kept["problem"]?.string?.contains("does not belong to the certificate") == true)
        let text = JSONWriter.write(.sequence(certificates))
        #expect(!text.contains("BEGIN") && !text.contains("KEY"))
    }

    @Test func `connections are told of with what was agreed on and what they have done`() throws {
        let origin = try TestOrigin(named: "v1")
        let proxy = try TestProxy([("v1", origin.port)]) { $0.workers = 2 }
        let client = try proxy.connect()
        for _ in 0..<3 {
            try client.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n")
            _ = try client.readMessage(isHead: false)
        }
        let multiplexed = try proxy.connect()
        // The preface, SETTINGS, and their acknowledgement.
        let frames = "\0\0\0\u{4}\0\0\0\0\0"
        try multiplexed.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frames)
        for _ in 0..<1000
        where !Self.items(.connections, of: proxy).contains(where: { $0["protocol"]?.string == "HTTP/2" }) {
            poll(nil, 0, 10)
        }
        let connections = Self.items(.connections, of: proxy)
        #expect(connections.count { $0["protocol"]?.string == "HTTP/2" } == 1)
        let plain = try #require(connections.first { $0["protocol"]?.string == "HTTP/1.1" })
        #expect(plain["requests"]?.integer == 3)
        #expect(plain["state"]?.string == "idle")
        #expect(plain["listener"]?.string == proxy.address)
        #expect(plain["client"]?.string?.hasPrefix("127.0.0.1:") == true)
        #expect(plain["bytesReceived"]?.integer ?? 0 >= 87 && plain["bytesSent"]?.integer ?? 0 >= 87)
        #expect(plain["tls"] == nil && plain["ageMilliseconds"]?.integer ?? -1 >= 0)
    }

    @Test func `workers tell of a bounded number of connections, and how many there are`() {
        let census = ConnectionCensus(workers: 4)
        #expect(census.question(for: 0) == nil)
        let answer = census.take([])
        #expect(answer.silentWorkers == 4)
        #expect(answer.warnings == ["4 workers did not answer in time"])
        #expect(census.question(for: 3)?.most == ConnectionCensus.most / 4)
        census.answer(1, [], of: 7, worker: 3)
        #expect(census.question(for: 3) == nil)
        #expect(ConnectionCensus.Answer(total: 7).warnings == ["7 more connections are not shown"])
    }

    @Test func `clusters and endpoints are told of by the names that Envoy gives them`() throws {
        let http: Value = [
            [
                "match": [
                    ["uri": ["prefix": "/api"], "method": ["exact": "GET"]], ["uri": ["exact": "/x"]],
                ],
                "route": [["destination": ["host": "app", "subset": "v1"]]],
                "mirror": ["host": "app", "subset": "v2"],
            ],
            ["redirect": ["uri": "/api"]],
        ]
        let rule: Value = [
            "spec": [
                "host": "app",
                "subsets": [
                    ["name": "v1", "labels": ["version": "v1"]], ["name": "v2", "labels": ["version": "v2"]],
                ],
            ]
        ]
        let proxy = try TestProxy(
            [("v1", 4001), ("v2", 4002)],
            http: http,
            resources: [TestProxy.resource(.destinationRule, "app", rule)]
        )
        let routes = Self.items(.routes, of: proxy).filter { $0["virtualService"]?.string == "default/app" }
        #expect(routes.map { $0["matches"]?.strings ?? [] } == [["/api* method GET", "/x"], ["/*"]])
        #expect(routes.last?["action"]?.string == "redirect")
        let host = "app.default.svc.cluster.local"
        let clusters = Self.items(.clusters, of: proxy).compactMap { $0["cluster"]?.string }
        #expect(clusters == ["outbound|80|v1|\(host)", "outbound|80|v2|\(host)"])
        let endpoints = Self.items(.endpoints, of: proxy).map {
            "\($0["endpoint"]?.string ?? "") \($0["status"]?.string ?? "") \($0["subset"]?.string ?? "")"
        }
        #expect(endpoints == ["127.0.0.1:4001 HEALTHY v1", "127.0.0.1:4002 HEALTHY v2"])
    }

    @Test func `listeners are told of with whom names lead to`() throws {
        let ended = TLSScene.server(["a.example"], [("mode", "SIMPLE"), ("credentialName", "a")])
        let passed = TLSScene.server(["*.b.example"], [("mode", "PASSTHROUGH")], protocol: "TLS")
        let route: Value = [
            "match": [["sniHosts": ["*.b.example"]]], "route": [["destination": ["host": "app"]]],
        ]
        let scene = try TLSScene([], servers: [ended, passed], routes: [("tls", [route])]) {
            [TLSScene.secret("a", $0.issue("a.example", "DNS:a.example"))]
        }
        let listeners = Self.items(.listeners, of: scene.proxy)
        let listener = try #require(listeners.first { $0["port"]?.integer == Int64(scene.port) })
        #expect(listener["type"]?.string == "TLS")
        let modes = listener["servers"]?.items.compactMap { $0["mode"]?.string }
        #expect(modes == ["SIMPLE", "PASSTHROUGH"])
        let connections = listener["connectionRoutes"]?.items ?? []
        #expect(connections.map { $0["match"]?.string } == ["SNI: *.b.example"])
        #expect(
            connections.first?["clusters"]?.strings == ["outbound|80||app.default.svc.cluster.local"]
        )
    }
}
