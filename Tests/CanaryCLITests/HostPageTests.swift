// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanarySystem
import Testing

@testable import CanaryCLI
@testable import CanaryInsight
@testable import CanaryResources
@testable import CanaryStore

/// The page of a host fits a terminal, whatever is on it.
struct HostPageTests {
    private func destination(_ subset: String, _ observed: UInt64, _ workloads: [String])
        -> TrafficReport.Destination
    {
        TrafficReport.Destination(
            host: "shop.default.svc.cluster.local",
            subset: subset,
            port: nil,
            weight: 50,
            declaredShare: 0.5,
            servedShare: 0.5,
            observedShare: observed > 0 ? 0.00003 : nil,
            observedRequests: observed,
            errors: observed / 3,
            latency: observed > 0 ? .init(p50: 0.04, p90: 999, p99: 600_000) : nil,
            readyEndpoints: 100,
            totalEndpoints: 100,
            workloads: workloads,
            isDefined: true,
            isImplicit: false
        )
    }

    private func page(
        _ subsets: [String],
        observed: UInt64,
        match: String = "any request",
        outOfReach: [Set<Int>] = [],
        proxies: [ProxyRecord] = []
    ) -> [Substring] {
        let workloads = (0..<4).map { "a-workload-with-a-name-\($0)" }
        let route = TrafficReport.Route(
            action: .forward,
            index: 0,
            name: "main",
            match: match,
            since: 7,
            observedRequests: observed * 2,
            destinations: subsets.map { destination($0, observed, workloads) },
            virtualService: nil,
            status: nil
        )
        let key = ResourceKey(.virtualService, namespace: "default", name: "shop-with-a-long-name-of-its-own")
        var report = HostReport(
            traffic: TrafficReport(
                host: "shop.default.svc.cluster.local",
                virtualService: key,
                revision: 7,
                routes: [route]
            ),
            diagnostics: [],
            autoscalers: [],
            deployments: [:],
            changes: [
                .init(
                    host: "shop",
                    revision: 7,
                    at: 0,
                    actor: "ada",
                    reason: "because of all the things that were said in the meeting this morning",
                    summary: "set-weight v2 5 % → 10 %",
                    objects: []
                )
            ],
            isKnown: true
        )
        report.outOfReach = outOfReach
        return HostPage(report: report, proxies: proxies, style: .plain, now: 1000).text.split(
            separator: "\n"
        )
    }

    @Test(arguments: [0, 1_000_000] as [UInt64])
    func `every line fits 80 columns`(observed: UInt64) {
        let long = (0..<20).map { "header x-user-\($0) = \"1\"" }.joined(separator: " and ")
        for subsets in [["v1", "v2"], ["v1", "a-subset-with-quite-a-long-name"]] {
            for line in page(subsets, observed: observed, match: long) + page(subsets, observed: observed) {
                #expect(line.count <= 80, "\(line)")
            }
        }
    }

    private func proxy(_ namespace: String, _ labels: [String: String]) -> ProxyRecord {
        ProxyRecord(
            id: "p",
            process: .current,
            startedAt: 0,
            version: "1",
            admin: nil,
            listeners: [],
            appliedRevision: 7,
            clientNamespace: namespace,
            clientLabels: labels
        )
    }

    /// The page speaks of the store; what the running proxies do not serve of it is said.
    @Test func `routes that no running proxy serves are marked`() {
        let proxies = [proxy("default", [:]), proxy("shop", ["app": "web", "tier": "1"])]
        func text(_ outOfReach: [Set<Int>]) -> String {
            page(["v1", "v2"], observed: 0, outOfReach: outOfReach, proxies: proxies).joined(separator: "\n")
        }
        let mark = "main: any request – not for the clients of the running proxies"
        #expect(text([[0], [0]]).contains(mark))
        #expect(!text([[0], []]).contains(mark))
        #expect(text([[0], []]).contains("  served to clients in namespace \"default\" without labels\n"))
        #expect(
            text([[0], []]).contains(
                "  served to clients in namespace \"shop\" with the labels app=web,tier=1\n"
            )
        )
        #expect(!text([[], []]).contains("served to"))
    }

    @Test func `numbers stand below their titles`() throws {
        let lines = page(["v1", "v2"], observed: 100)
        let titles = try #require(lines.first { $0.contains("declared") })
        let row = try #require(lines.first { $0.hasPrefix("    v1") })
        #expect(titles.count == row.count)
        #expect(
            row.split(separator: " ").suffix(12).joined(separator: " ")
                == "50.0 % 50.0 % 0.0030 % 33.0 % 0.0 ms 600 s"
        )
        #expect(lines.contains("  main: any request (200 requests since revision 7)"))
        #expect(page(["v1"], observed: 0).first { $0.contains("declared") }?.contains("errors") == false)
    }

    @Test func `durations take few characters`() {
        let texts = [0.04, 0.26, 9.94, 9.96, 123.4, 999.4, 999.6, 12_345, 600_000].map {
            NumberText.duration(milliseconds: $0)
        }
        #expect(
            texts == ["0.0 ms", "0.3 ms", "9.9 ms", "10 ms", "123 ms", "999 ms", "1.0 s", "12 s", "600 s"]
        )
    }
}
