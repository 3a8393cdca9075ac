// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryRules
import CanaryTestSupport
import Testing

/// The rules that compare shares with replicas, bounds of autoscalers and endpoints.
struct CapacityRuleTests {
    private let service = object(
        .service,
        "web",
        ["spec": ["selector": ["app": "web"], "ports": [["name": "http", "port": 80]]]]
    )

    private func deployment(_ version: String, replicas: Node) -> Resource {
        object(
            .deployment,
            "web-\(version)",
            [
                "spec": [
                    "replicas": replicas,
                    "template": ["metadata": ["labels": ["app": "web", "version": .string(version)]]],
                ]
            ]
        )
    }

    private func autoscaler(_ version: String, most: Int64) -> Resource {
        object(
            .horizontalPodAutoscaler,
            "web-\(version)",
            [
                "spec": [
                    "scaleTargetRef": ["kind": "Deployment", "name": .string("web-\(version)")],
                    "maxReplicas": .integer(most),
                ]
            ]
        )
    }

    private func endpoints(_ version: String, _ count: Int) -> [Resource] {
        (0..<count).map { index in
            object(
                .workloadEntry,
                "\(version)-\(index)",
                [
                    "spec": [
                        "address": .string("10.0.\(version.dropFirst()).\(index)"), "ports": ["http": 80],
                        "labels": ["app": "web", "version": .string(version)],
                    ]
                ]
            )
        }
    }

    private func split(_ first: Int64, _ second: Int64) -> Resource {
        let route: Node = [
            ["destination": ["host": "web", "subset": "v1"], "weight": .integer(first)],
            ["destination": ["host": "web", "subset": "v2"], "weight": .integer(second)],
        ]
        return object(.virtualService, "web", ["spec": ["hosts": ["web"], "http": [["route": route]]]])
    }

    private func findings(_ code: String, _ changed: Resource, _ others: [Resource]) -> [Diagnostic] {
        RuleCatalog.checkReferences([changed], in: ClusterSnapshot([changed, service] + others))
            .filter { $0.code.canary == code }
    }

    @Test func `0 replicas behind a share are found`() {
        let none = deployment("v2", replicas: 0)
        let found = findings("CAN1116", none, [split(90, 10), deployment("v1", replicas: 1)])
        #expect(found.map(\.path.description) == ["spec.replicas"])
        #expect(
            found.map(\.message) == [
                "route 0 of VirtualService \"default/web\" sends 10 % of its requests to the subset \"v2\" of "
                    + "\"web\", which has 0 replicas: they get 503"
            ]
        )
        #expect(found.map(\.hint) == ["give it replicas, or send its requests elsewhere"])
        let scaled = findings("CAN1116", none, [split(90, 10), autoscaler("v2", most: 3)])
        #expect(scaled.map(\.hint) == ["give it replicas: its autoscaler stands still while there are none"])

        #expect(findings("CAN1116", none, [split(100, 0)]).isEmpty)
        #expect(findings("CAN1116", deployment("v2", replicas: 1), [split(90, 10)]).isEmpty)
        #expect(findings("CAN1116", deployment("v2", replicas: nil), [split(90, 10)]).isEmpty)
        #expect(findings("CAN1116", none, [split(90, 10)] + endpoints("v2", 1)).isEmpty)
        let labels: Node = ["app": "web", "version": "v2", "zone": "b"]
        let second = object(
            .deployment,
            "b",
            ["spec": ["replicas": 1, "template": ["metadata": ["labels": labels]]]]
        )
        #expect(findings("CAN1116", none, [split(90, 10), second]).isEmpty)
    }

    static let bounds: [(first: Int64, share: Int64, bound: Int64, isFound: Bool)] = [
        (10, 50, 1, true), (10, 50, 2, true), (10, 50, 3, false), (10, 10, 1, false), (10, 20, 1, false),
        (10, 21, 1, true), (1, 99, 1, false), (2, 99, 1, false), (.max, 50, .max, false),
    ]

    @Test(arguments: bounds)
    func `bounds that can not carry the share are found`(
        first: Int64,
        share: Int64,
        bound: Int64,
        isFound: Bool
    ) {
        let tight = autoscaler("v2", most: bound)
        let others = [
            split(100 - share, share), deployment("v1", replicas: nil), deployment("v2", replicas: nil),
            autoscaler("v1", most: first),
        ]
        #expect(
            findings("CAN1117", tight, others).map(\.path.description)
                == (isFound ? ["spec.maxReplicas"] : [])
        )
        // Declared replicas of the other version are as good as a bound; unknown ones tell nothing.
        let declared = [
            split(100 - share, share), deployment("v1", replicas: .integer(first)),
            deployment("v2", replicas: nil),
        ]
        #expect(findings("CAN1117", tight, declared).count == (isFound ? 1 : 0))
        let unknown = [split(50, 50), deployment("v1", replicas: nil), deployment("v2", replicas: nil)]
        #expect(findings("CAN1117", tight, unknown).isEmpty)
    }

    @Test func `a bound that can not carry the share is told with what it would take`() {
        let others = [
            split(50, 50), deployment("v1", replicas: 10), deployment("v2", replicas: nil),
        ]
        #expect(
            findings("CAN1117", autoscaler("v2", most: 1), others).map(\.message) == [
                "route 0 of VirtualService \"default/web\" sends 50 % of its requests to at most 1 replica: by the "
                    + "10 that \"v1\" may have, they take 5"
            ]
        )
    }

    @Test func `a share beyond the declared replicas is found`() {
        let few = deployment("v2", replicas: 1)
        let found = findings("CAN1118", split(50, 50), [deployment("v1", replicas: 10), few])
        #expect(found.map(\.path.description) == ["spec.http[0].route[1].weight"])
        #expect(
            found.map(\.message) == [
                "50 % of requests go to 1 replica of the subset \"v2\" of \"web\": by the 10 of \"v1\", they take 5"
            ]
        )
        #expect(findings("CAN1118", split(90, 10), [deployment("v1", replicas: 10), few]).isEmpty)
        #expect(findings("CAN1118", split(10, 90), [deployment("v1", replicas: 1), few]).isEmpty)
        #expect(findings("CAN1118", split(50, 50), [deployment("v1", replicas: nil), few]).isEmpty)
        let scaled = [deployment("v1", replicas: 10), few, autoscaler("v2", most: 1)]
        #expect(findings("CAN1118", split(50, 50), scaled).isEmpty)
        #expect(
            findings("CAN1118", split(50, 50), [deployment("v1", replicas: .integer(.max)), few]).count == 1
        )
    }

    @Test func `where endpoints are ready they are compared and not what is declared`() {
        let declared = [deployment("v1", replicas: 10), deployment("v2", replicas: 1)]
        let running = endpoints("v1", 1) + endpoints("v2", 1)
        #expect(findings("CAN1118", split(50, 50), declared + running).isEmpty)
        let uneven = endpoints("v1", 5) + endpoints("v2", 1)
        #expect(
            findings("CAN1118", split(50, 50), uneven).map(\.message) == [
                "50 % of requests go to 1 ready endpoint of the subset \"v2\" of \"web\": by the 5 of \"v1\", they "
                    + "take 3"
            ]
        )
        // No endpoint at all is another finding.
        #expect(findings("CAN1118", split(50, 50), endpoints("v1", 5)).isEmpty)
    }

    private func ejecting(_ percent: Node, subset: Bool = false) -> Resource {
        let policy: Node = ["outlierDetection": ["consecutive5xxErrors": 5, "maxEjectionPercent": percent]]
        let list: Node = [
            ["name": "v1", "labels": ["version": "v1"], "trafficPolicy": subset ? policy : nil]
        ]
        return object(
            .destinationRule,
            "web",
            ["spec": ["host": "web", "trafficPolicy": subset ? nil : policy, "subsets": list]]
        )
    }

    @Test func `ejection that can never eject is found`() {
        let three = [deployment("v1", replicas: 3)]
        let found = findings("CAN1119", ejecting(nil), three)
        #expect(found.map(\.path.description) == ["spec.trafficPolicy.outlierDetection.maxEjectionPercent"])
        #expect(
            found.map(\.message) == [
                "no endpoint of \"web\" is ever ejected: one of at most 3 is 33.3333 % of them, more than 10 %"
            ]
        )
        #expect(found.map(\.hint) == ["give \"maxEjectionPercent\" 34 or more"])
        #expect(findings("CAN1119", ejecting(34), three).isEmpty)
        #expect(findings("CAN1119", ejecting(33), three).count == 1)
        #expect(findings("CAN1119", ejecting(nil), [deployment("v1", replicas: 10)]).isEmpty)
        #expect(findings("CAN1119", ejecting(nil), [deployment("v1", replicas: 1)]).isEmpty)
        #expect(findings("CAN1119", ejecting(nil), [deployment("v1", replicas: nil)]).isEmpty)
        #expect(findings("CAN1119", ejecting(nil), three + [autoscaler("v1", most: 10)]).isEmpty)
        #expect(findings("CAN1119", ejecting(nil), endpoints("v1", 4)).count == 1)
        // A subset counts its own.
        let both = [deployment("v1", replicas: 4), deployment("v2", replicas: 8)]
        #expect(findings("CAN1119", ejecting(nil), both).isEmpty)
        #expect(findings("CAN1119", ejecting(nil, subset: true), both).count == 1)
    }
}
