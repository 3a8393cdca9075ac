// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Testing

@testable import CanaryInsight
@testable import CanaryMesh
@testable import CanaryResources
@testable import CanaryRouting

/// What reports say of routes of `spec.tcp`.
struct ConnectionReportTests {
    private static func destination(_ subset: String, _ weight: Int64) -> Node {
        ["destination": ["host": "db", "subset": .string(subset)], "weight": .init(.integer(weight))]
    }

    private static func entry(_ version: String) -> Resource {
        object(
            .workloadEntry,
            "db-\(version)",
            ["spec": ["address": "10.0.0.1", "labels": ["app": "db", "version": .string(version)]]]
        )
    }

    private static let objects = [
        object(
            .service,
            "db",
            ["spec": ["selector": ["app": "db"], "ports": [["port": 5432, "name": "tcp-sql"]]]]
        ),
        entry("v1"),
        object(
            .virtualService,
            "db",
            [
                "spec": [
                    "hosts": ["db"],
                    "tcp": [
                        ["match": [["port": 1]], "route": [destination("v1", 0)]],
                        ["route": [destination("v1", 75), destination("v2", 25)]],
                    ],
                ]
            ]
        ),
    ]

    @Test func `they stand beside those of requests, with shares and numbers`() {
        let snapshot = ClusterSnapshot(revision: 1, Self.objects)
        let report = TrafficReporter(snapshot: snapshot, namespace: "default")
            .report("db.default.svc.cluster.local")
        let routes = report.connectionRoutes
        #expect(routes.map(\.match) == ["TCP connections, port = 1", "TCP connections"])
        #expect(routes.map(\.index) == [0, 1])
        #expect(routes.last?.destinations.map(\.declaredShare) == [0.75, 0.25])
        #expect(routes.last?.destinations.map(\.servedShare) == [0.75, 0])
        #expect(report.routes.allSatisfy { !$0.isConnection } && routes.allSatisfy(\.isConnection))
    }

    @Test func `what the proxy counts under is what they ask for`() throws {
        let router = Router(Self.objects)
        let table = router.builder.table()
        let arena = RoutingArena()
        let counter: RouteCounter? = withExtendedLifetime((table, arena)) {
            let host = table.virtualHost(listener: 0, authority: arena.store("db"))
            let route = host?.connectionRoute(port: 5432, address: ByteSlice())
            return (route?.destination(random: 0)?.counter).flatMap { router.identifiers.counter($0) }
        }
        let expected = try #require(counter)
        let counted = expected.key
        var snapshot = ClusterSnapshot(revision: 1, Self.objects)
        snapshot.storeID = counted.store
        let reporter = TrafficReporter(snapshot: snapshot, namespace: "default") { asked in
            guard asked == counted else { return nil }
            var evidence = RouteEvidence()
            evidence.assigned = 7
            return evidence
        }
        let route = reporter.report("db.default.svc.cluster.local").connectionRoutes.last
        #expect(route?.observedRequests == 7)
        #expect(route?.destinations.filter { $0.observedShare == 1 }.map(\.subset) == [expected.subset])
    }
}
