// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources
import CanaryRouting
import Synchronization
import Testing

@testable import CanaryProxy

/// Endpoints that fail lose their requests: seeded failures, counted at the origins.
@Suite(.timeLimit(.minutes(15))) struct OutlierTests {
    /// An origin that answers with statuses in turn, and counts what it got.
    private final class Seeded: Sendable {
        let heard = Counter()
        let origin: TestOrigin

        init(_ statuses: [Int]) throws {
            let heard = heard
            origin = try TestOrigin { _ in
                let status = statuses[heard.next() % statuses.count]
                return TestOrigin.response("\(status)", status: "\(status) Seeded")
            }
        }
    }

    private func proxy(
        _ origins: [Seeded],
        _ detection: [(String, Value)],
        workers: Int = 2,
        localities: [String] = [],
        mostEjected: Int64 = 100,
        configure: (inout ProxyConfiguration) -> Void = { _ in }
    ) throws -> TestProxy {
        let rule = RoutedScene.policy([
            ("outlierDetection", .object(detection + [("maxEjectionPercent", .integer(mostEjected))])),
            ("loadBalancer", ["simple": "ROUND_ROBIN"]),
        ])
        let endpoints = origins.enumerated().map { index, origin in
            RoutedScene.endpoint(
                origin.origin.port,
                locality: localities.isEmpty ? "" : localities[index]
            )
        }
        return try TestProxy(
            [],
            resources: endpoints + [rule],
            labels: ["topology.kubernetes.io/region": "near"]
        ) {
            $0.workers = workers
            configure(&$0)
        }
    }

    @Test func `one that fails so often in a row gets no more, from any worker`() throws {
        let (bad, good) = (try Seeded([500]), try Seeded([200]))
        let proxy = try proxy([bad, good], [("consecutive5xxErrors", 3)])
        // Each on a connection of its own, so that workers take turns.
        let answers = try (0..<60).map { _ in try proxy.ask().status }
        #expect(answers.count { $0 == 500 } == 3 && bad.heard.value == 3)
        #expect(good.heard.value == 57 && answers.suffix(40).allSatisfy { $0 == 200 })
    }

    @Test func `what is not in a row, or of another kind, ejects nothing`() throws {
        let mixed = try Seeded([500, 500, 200])
        let (plain, good) = (try Seeded([500]), try Seeded([200]))
        let proxy = try proxy([mixed, good], [("consecutive5xxErrors", 3)], workers: 1)
        for _ in 0..<40 { _ = try proxy.ask() }
        #expect(mixed.heard.value == 20)
        let gateway = try self.proxy(
            [plain, good],
            [("consecutiveGatewayErrors", 2), ("consecutive5xxErrors", 0)],
            workers: 1
        )
        for _ in 0..<40 { _ = try gateway.ask() }
        #expect(plain.heard.value == 20)
    }

    @Test func `no more are ejected than may be`() throws {
        let origins = try (0..<4).map { try Seeded($0 < 3 ? [503] : [200]) }
        let proxy = try proxy(origins, [("consecutive5xxErrors", 1)], mostEjected: 50)
        for _ in 0..<40 { _ = try proxy.ask() }
        #expect(origins[..<3].count { $0.heard.value == 1 } == 2)
        #expect(origins[..<3].count { $0.heard.value > 10 } == 1)
        // The default of ten per cent is nobody of two.
        let (bad, good) = (try Seeded([500]), try Seeded([200]))
        let few = try self.proxy([bad, good], [("consecutive5xxErrors", 1)], workers: 1, mostEjected: 10)
        for _ in 0..<20 { _ = try few.ask() }
        #expect(bad.heard.value == 10)
    }

    @Test func `without anybody left the answer is 503, or all get requests where that is a panic`() throws {
        let log = try LoggedRequests()
        let bad = try Seeded([500])
        let proxy = try proxy([bad], [("consecutive5xxErrors", 2)]) { log.configure(&$0) }
        #expect(try (0..<4).map { _ in try proxy.ask().status } == [500, 500, 503, 503])
        #expect(bad.heard.value == 2)
        proxy.stop()
        #expect(log.outcomes().sorted() == ["500 -", "500 -", "503 UH", "503 UH"])
        let panicking = try self.proxy([bad], [("consecutive5xxErrors", 2), ("minHealthPercent", 50)])
        #expect(try (0..<6).allSatisfy { _ in try panicking.ask().status == 500 })
        #expect(bad.heard.value == 8)
    }

    @Test func `it gets requests again when its time is over`() throws {
        let (bad, good) = (try Seeded([500, 500, 200]), try Seeded([200]))
        let proxy = try proxy(
            [bad, good],
            [("consecutive5xxErrors", 2), ("baseEjectionTime", "50ms"), ("interval", "10ms")]
        )
        while bad.heard.value < 3 { _ = try proxy.ask() }
        #expect(proxy.identifiers.sharedClusters.reduce(0) { $0 + $1.health.ejections } == 1)
        #expect(good.heard.value > 0)
    }

    @Test func `an endpoint that nobody listens on is ejected too`() throws {
        let good = try Seeded([200])
        let rule = RoutedScene.policy([
            ("outlierDetection", ["consecutiveGatewayErrors": 2, "maxEjectionPercent": 100]),
            ("loadBalancer", ["simple": "ROUND_ROBIN"]),
        ])
        let proxy = try TestProxy(
            [("v1", good.origin.port), ("v1", try TestOrigin.unusedPort())],
            http: TestProxy.route("v1", [("retries", ["attempts": 0])]),
            resources: [rule]
        )
        let answers = try (0..<30).map { _ in try proxy.ask().status }
        #expect(answers.count { $0 == 503 } == 2 && good.heard.value == 28)
    }

    @Test func `the next locality takes over when the nearest one fails`() throws {
        let (near, far) = (try Seeded([500]), try Seeded([200]))
        let proxy = try proxy(
            [near, far],
            [("consecutive5xxErrors", 3)],
            localities: ["near/a/1", "far/a/1"]
        )
        let answers = try (0..<10).map { _ in try proxy.ask().status }
        #expect(answers == [500, 500, 500] + [Int](repeating: 200, count: 7))
        #expect(near.heard.value == 3 && far.heard.value == 7)
    }

    @Test func `each address of a name is ejected by itself`() throws {
        let bad = try Seeded([500])
        let heard = Counter()
        let good = try TestOrigin(at: "127.0.0.2:\(bad.origin.port)") { _ in
            heard.next()
            return TestOrigin.response("good")
        }
        let spec: Value = [
            "address": "pair.test", "ports": ["http": .integer(Int64(bad.origin.port))],
            "labels": ["app": "app", "version": "v1"],
        ]
        let rule = RoutedScene.policy([
            ("outlierDetection", ["consecutive5xxErrors": 2, "maxEjectionPercent": 100]),
            ("loadBalancer", ["simple": "ROUND_ROBIN"]),
        ])
        let proxy = try TestProxy(
            [],
            resources: [TestProxy.resource(.workloadEntry, "pair", ["spec": spec]), rule],
            lookUp: { _ in ["127.0.0.1", "127.0.0.2"] }
        )
        let answers = try (0..<30).map { _ in try proxy.ask().status }
        #expect(answers.count { $0 == 500 } == 2 && bad.heard.value == 2)
        #expect(heard.value == 28)
        _ = good
    }

    @Test func `pages and metrics tell who is ejected`() throws {
        let (bad, good) = (try Seeded([500]), try Seeded([200]))
        let proxy = try proxy([bad, good], [("consecutive5xxErrors", 1)])
        while bad.heard.value == 0 { _ = try proxy.ask() }
        let pages = AdminPages(shared: proxy.proxy.shared)
        let lines = pages.clusters().body.split(separator: "\n")
        let name = "outbound|80||app.default.svc.cluster.local"
        let flags = "\(name)::127.0.0.1:"
        #expect(lines.contains("\(flags)\(bad.origin.port)::health_flags::/failed_outlier_check"))
        #expect(lines.contains("\(flags)\(good.origin.port)::health_flags::healthy"))
        let metrics = pages.prometheus().body
        for wanted in ["ejections_active", "ejections_enforced_total"] {
            #expect(
                metrics.contains("envoy_cluster_outlier_detection_\(wanted){cluster_name=\"\(name)\"} 1\n")
            )
        }
    }
}
