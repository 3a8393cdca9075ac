// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Testing

@testable import CanaryResources
@testable import CanaryRules

/// Rules about many objects of one host: what they find, and that they find it without looking at each beside each other.
struct LargeClusterTests {
    private static let many = 2000

    private func service(_ name: String = "web") -> Resource {
        object(
            .service,
            name,
            ["spec": ["selector": ["app": "web"], "ports": [["name": "http", "port": 80]]]]
        )
    }

    private func deployments(replicas: Int64) -> [Resource] {
        (0..<Self.many).map { index in
            let labels: Node = ["app": "web", "version": .string("v\(index)")]
            let template: Node = ["metadata": ["labels": labels]]
            return object(
                .deployment,
                "web-\(index)",
                ["spec": ["replicas": .integer(replicas), "template": template]]
            )
        }
    }

    private func autoscalers() -> [Resource] {
        (0..<Self.many).map { index in
            let target: Node = ["kind": "Deployment", "name": .string("web-\(index)")]
            return object(
                .horizontalPodAutoscaler,
                "web-\(index)",
                ["spec": ["scaleTargetRef": target, "maxReplicas": 2]]
            )
        }
    }

    private func virtualService(_ routes: [Node]) -> Resource {
        object(.virtualService, "web", ["spec": ["hosts": ["web"], "http": .sequence(routes)]])
    }

    /// A route to as many subsets as there are Deployments.
    private func split() -> Node {
        let destinations = (0..<Self.many).map { index -> Node in
            ["destination": ["host": "web", "subset": .string("v\(index)")], "weight": 1]
        }
        return ["route": .sequence(destinations)]
    }

    private func codes(_ resources: [Resource]) -> [String: Int] {
        let checker = ReferenceChecker(ClusterSnapshot(resources))
        return resources.flatMap { checker.check($0) }.reduce(into: [:]) { counts, finding in
            counts[finding.code.canary, default: 0] += 1
        }
    }

    @Test(.timeLimit(.minutes(15)))
    func `a route to thousands of versions`() {
        let all = [service(), virtualService([split()])] + deployments(replicas: 1) + autoscalers()
        let found = codes(all)
        // As many as are told of one object.
        #expect(found["CAN0805"] == FindingQuota.most)
        #expect(found["CAN1117"] == nil)
        #expect(found["CAN1118"] == nil)
    }

    @Test(.timeLimit(.minutes(15)))
    func `thousands of Deployments without replicas behind each of many routes`() {
        let routes = (0..<Self.many).map { index -> Node in
            let match: Node = [["uri": ["exact": .string("/\(index)")]]]
            return ["match": match, "route": [["destination": ["host": "web"]]]]
        }
        let found = codes([service(), virtualService(routes)] + deployments(replicas: 0))
        #expect(found["CAN1116"] == Self.many)
    }

    @Test(.timeLimit(.minutes(15)))
    func `thousands of DestinationRules with a subset each`() {
        let rules = (0..<Self.many).map { index -> Resource in
            let name = Node.string("v\(index)")
            let subset: Node = ["name": name, "labels": ["version": name]]
            return object(
                .destinationRule,
                "web-\(index)",
                [
                    "spec": [
                        "host": "web", "subsets": [subset],
                        "trafficPolicy": ["outlierDetection": ["consecutive5xxErrors": 5]],
                    ]
                ]
            )
        }
        let found = codes([service(), virtualService([split()])] + rules + deployments(replicas: 1))
        #expect(found["CAN0804"] == nil)
        #expect(found["CAN0805"] == nil)
        #expect(found["CAN1121"] == Self.many - 1)
    }

    @Test(.timeLimit(.minutes(15)))
    func `thousands of VirtualServices of one host, each for one namespace`() {
        func claim(_ name: String, _ exportTo: String) -> Resource {
            let route: Node = [["route": [["destination": ["host": "web"]]]]]
            return object(
                .virtualService,
                name,
                ["spec": ["hosts": ["web"], "http": route, "exportTo": [.string(exportTo)]]]
            )
        }
        let apart = (0..<Self.many).map { claim("a\($0)", "n\($0)") }
        #expect(codes([service()] + apart)["CAN0810"] == nil)
        // Two for one namespace, and one for all, which collides with each.
        #expect(codes([service(), claim("b", "n7")] + apart)["CAN0810"] == 2)
        #expect(codes([service(), claim("b", "*")] + apart)["CAN0810"] == Self.many + 1)
    }

    @Test(.timeLimit(.minutes(15)))
    func `a VirtualService of thousands of hosts and of gateways`() {
        let hosts = (0..<Self.many).map { Node.string("h\($0).example.com") }
        let gateways = (0..<Self.many).map { Node.string("edge/g\($0)") }
        let match: Node = [["headers": ["x": ["exact": "a"]]]]
        let route: Node = [["match": match, "route": [["destination": ["host": "web"]]]]]
        let wide = object(
            .virtualService,
            "wide",
            ["spec": ["hosts": .sequence(hosts), "gateways": .sequence(gateways), "http": route]]
        )
        #expect(codes([service(), wide])["CAN1114"] == 1)
    }

    @Test func `an index finds what a look at everything finds`() {
        let items = (0..<100).map { index in
            ["app": "web", "version": "v\(index % 7)", "zone": "z\(index % 3)", "name": "\(index)"]
        }
        for count in [3, 100] {
            let index = LabelIndex(Array(items.prefix(count))) { $0 }
            for wanted in [
                [:], ["app": "web"], ["version": "v1", "zone": "z1"], ["name": "2"], ["app": "x"],
                ["version": "v1", "color": "red"],
            ] {
                let all = items.prefix(count).filter { item in wanted.allSatisfy { item[$0] == $1 } }
                #expect(index.carrying(wanted) == all)
            }
        }
    }
}
