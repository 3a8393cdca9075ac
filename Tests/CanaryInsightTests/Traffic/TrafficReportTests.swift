// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Testing

@testable import CanaryInsight
@testable import CanaryResources
@testable import CanaryRouting

struct TrafficReportTests {
    @Test func `a split is reported as declared, served and observed`() throws {
        let routes = Helloworld.routes([["route": Helloworld.split(["v1": 90, "v2": 10])]]).created(
            7,
            routes: [5]
        )
        let objects = [
            Helloworld.service(), Helloworld.entry("v1", port: 9081), Helloworld.deployment("v1"),
            Helloworld.deployment("v2"), routes,
        ]
        let reporter = TrafficReporter(snapshot: ClusterSnapshot(revision: 9, objects), namespace: "default")
        { key in
            #expect(key.epoch == RouteEpoch(revision: 5, commit: "c5"))
            #expect(key.owner == "uid" && key.host == Helloworld.host && key.route == "any")
            guard !key.destination.isEmpty else { return nil }
            var evidence = RouteEvidence()
            evidence.assigned = key.destination.contains("v1") ? 30 : 10
            if key.destination.contains("v2") {
                for _ in 0..<4 { evidence.completed.add(.init(status: 500), nanoseconds: 10_000_000) }
                for _ in 0..<4 { evidence.completed.add(.init(status: 200), nanoseconds: 100_000_000) }
            }
            return evidence
        }
        let report = reporter.report(Helloworld.host)
        #expect(report.virtualService?.name == "helloworld")
        #expect(report.revision == 9)
        let route = try #require(report.routes.first)
        #expect(report.routes.count == 1 && route.match == "any request" && route.since == 5)
        #expect(route.observedRequests == 40)
        #expect(route.destinations.map(\.subset) == ["v1", "v2"])
        #expect(route.destinations.map(\.weight) == [90, 10])
        #expect(route.destinations.map(\.declaredShare) == [0.9, 0.1])
        #expect(route.destinations.map(\.servedShare) == [0.9, 0])
        #expect(route.destinations.map(\.observedShare) == [0.75, 0.25])
        #expect(route.destinations.map(\.errors) == [0, 4])
        #expect(route.destinations.map(\.errorRate) == [0, 0.4])
        let latency = try #require(route.destinations[1].latency)
        #expect(route.destinations[0].latency == nil)
        #expect(abs(latency.p50 - 10) < 0.5 && abs(latency.p90 - 100) < 5 && latency.p99 == latency.p90)
        #expect(route.destinations.map(\.readyEndpoints) == [1, 0])
        #expect(route.destinations.map(\.workloads) == [["helloworld-v1"], ["helloworld-v2"]])
        #expect(route.destinations.allSatisfy { $0.isDefined && $0.isImplicit })
    }

    @Test func `a host without VirtualService is reported by version`() {
        let objects = Helloworld.backends + [Helloworld.entry("v2", port: 9083), Helloworld.deployment("v3")]
        let report = TrafficReporter(snapshot: ClusterSnapshot(objects), namespace: "default").report(
            Helloworld.host
        )
        #expect(report.virtualService == nil)
        let destinations = report.routes.flatMap(\.destinations)
        #expect(destinations.map(\.subset) == ["v1", "v2", "v3"])
        #expect(destinations.map(\.declaredShare) == [1.0 / 3, 2.0 / 3, 0])
        #expect(destinations.map(\.observedShare) == [nil, nil, nil])
        #expect(destinations.map(\.weight) == [nil, nil, nil])
    }

    @Test func `a lone destination has everything, and missing weights are nothing`() {
        let routes = Helloworld.routes([
            ["match": [["port": 80]], "route": [["destination": ["host": "helloworld"]]]],
            [
                "route": [
                    ["destination": ["host": "helloworld"]], ["destination": ["host": "other"], "weight": 5],
                ]
            ],
        ])
        let report = TrafficReporter(
            snapshot: ClusterSnapshot(Helloworld.backends + [routes]),
            namespace: "default"
        )
        .report(Helloworld.host)
        #expect(report.routes.map { $0.destinations.map(\.declaredShare) } == [[1], [0, 1]])
        #expect(report.routes[1].destinations.map(\.servedShare) == [0, 0])
        #expect(report.routes[1].destinations.map(\.isDefined) == [true, false])
    }

    @Test func `matches are told in words`() {
        let routes = Helloworld.routes([
            [
                "match": [
                    ["uri": ["prefix": "/api"], "headers": ["x-canary": ["exact": "1"]]],
                    ["method": ["exact": "POST"], "withoutHeaders": ["a": [:], "b": ["regex": "x+"]]],
                    [
                        "uri": ["exact": "/A"], "ignoreUriCase": true, "queryParams": ["q": ["prefix": "z"]],
                        "port": 80,
                    ],
                    ["sourceLabels": ["app": "web"], "sourceNamespace": "shop", "gateways": ["mesh"]],
                ],
                "directResponse": ["status": 204],
            ],
            ["match": [["uri": ["prefix": "/"]]], "redirect": ["uri": "/x"]],
        ])
        let report = TrafficReporter(snapshot: ClusterSnapshot([routes]), namespace: "default").report(
            Helloworld.host
        )
        #expect(
            report.routes.map(\.match) == [
                "uri prefix /api and header x-canary = \"1\", "
                    + "or method = POST and no header a and not header b regex \"x+\", "
                    + "or uri = /A in any case and query q prefix \"z\" and port = 80, "
                    + "or source labels app=web and source namespace shop and gateway mesh",
                "any request",
            ]
        )
        #expect(report.routes.map(\.status) == [204, 301])
    }

    @Test func `hosts worth a report have a VirtualService or several versions`() {
        let objects = Helloworld.backends + [Helloworld.service("single")]
        #expect(ClusterSnapshot(objects).reportableHosts() == [Helloworld.host])
        let routes = object(.virtualService, "sample", ["spec": ["hosts": ["single", "a.test"]]])
        #expect(
            ClusterSnapshot(objects + [routes]).reportableHosts()
                == ["a.test", Helloworld.host, "single.default.svc.cluster.local"]
        )
    }
}
