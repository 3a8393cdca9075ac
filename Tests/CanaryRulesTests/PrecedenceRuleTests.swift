// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Testing

@testable import CanaryResources
@testable import CanaryRules

/// The rules about several VirtualServices or DestinationRules for one host, where age decides. Of objects of the same age the
/// first by name is the oldest.
struct PrecedenceRuleTests {
    private func routes(
        _ name: String,
        namespace: String = "default",
        host: Node = "a.example.com",
        gateway: Node = "default/edge",
        _ blocks: Node...
    ) -> Resource {
        let routes = blocks.map { block -> Node in
            ["match": block == [:] ? nil : [block], "directResponse": ["status": 200]]
        }
        return object(
            .virtualService,
            name,
            namespace: namespace,
            ["spec": ["hosts": [host], "gateways": [gateway], "http": .sequence(routes)]]
        )
    }

    private func rule(
        _ name: String,
        namespace: String = "default",
        policy: Node = nil,
        _ subsets: Node...,
        exportTo: Node = nil
    ) -> Resource {
        object(
            .destinationRule,
            name,
            namespace: namespace,
            [
                "spec": [
                    "host": "web", "trafficPolicy": policy, "subsets": .sequence(subsets),
                    "exportTo": exportTo,
                ]
            ]
        )
    }

    private func findings(_ code: String, _ changed: Resource, _ others: Resource...) -> [Diagnostic] {
        RuleCatalog.checkReferences([changed], in: ClusterSnapshot([changed] + others))
            .filter { $0.code.canary == code }
    }

    // MARK: VirtualServices

    @Test func `a route that an older VirtualService takes at the Gateway is found`() {
        let older = routes("a", ["uri": ["prefix": "/api"]])
        let younger = routes("b", ["uri": ["exact": "/other"]], ["uri": ["prefix": "/api/v1"]])
        let found = findings("CAN1120", younger, older)
        #expect(found.map(\.path.description) == ["spec.http[1].match[0]"])
        #expect(found.map(\.severity) == [.warning])
        #expect(
            found.map(\.message) == [
                "the match never gets a request at the Gateway \"default/edge\": VirtualService \"default/a\", which "
                    + "comes first by age, takes them in its route 0"
            ]
        )
        #expect(findings("CAN1120", older, younger).isEmpty)
    }

    @Test func `a broader route that only comes later by age is told`() {
        let older = routes("a", ["uri": ["prefix": "/api/v1"]])
        let younger = routes("b", ["uri": ["prefix": "/api"]])
        #expect(findings("CAN1120", younger, older).map(\.severity) == [.info])
    }

    @Test func `what takes every request stands at the end, and once`() {
        let whole = routes("a", [:])
        #expect(findings("CAN1120", routes("b", ["uri": ["prefix": "/api"]]), whole).isEmpty)
        let found = findings("CAN1120", routes("b", ["uri": ["prefix": "/"]]), whole)
        #expect(found.map(\.path.description) == ["spec.http[0].match[0]"])
        #expect(found.map(\.severity) == [.warning])
    }

    @Test func `other hosts, Gateways and namespaces are no neighbours`() {
        let block: Node = ["uri": ["prefix": "/api"]]
        let older = routes("a", block)
        #expect(findings("CAN1120", routes("b", block), older).count == 1)
        #expect(findings("CAN1120", routes("b", host: "b.example.com", block), older).isEmpty)
        #expect(findings("CAN1120", routes("b", gateway: "other", block), older).isEmpty)
        #expect(findings("CAN1120", routes("b", namespace: "shop", gateway: "edge", block), older).isEmpty)
        #expect(findings("CAN1120", routes("b", namespace: "shop", block), older).count == 1)
        #expect(
            findings("CAN1120", routes("b", gateway: "mesh", block), routes("a", gateway: "mesh", block))
                .isEmpty
        )
        // A host that the Gateway does not serve.
        let server: Node = ["hosts": ["*.example.org"], "port": ["number": 80, "protocol": "HTTP"]]
        let edge = object(.gateway, "edge", ["spec": ["servers": [server]]])
        #expect(findings("CAN1120", routes("b", block), older, edge).isEmpty)
        // Blocks for another Gateway or for sources inside the mesh.
        let foreign: Node = ["uri": ["prefix": "/api"], "gateways": ["other"]]
        #expect(findings("CAN1120", routes("b", foreign), older).isEmpty)
        let inside: Node = ["uri": ["prefix": "/api"], "sourceLabels": ["app": "a"]]
        #expect(findings("CAN1120", routes("b", inside), older).isEmpty)
    }

    @Test func `very many VirtualServices for one host take no time`() {
        let many = (0..<2_000).map { routes("vs-\($0)", ["uri": ["prefix": .string("/\($0)/")]]) }
        let duplicate = routes("z", ["uri": ["prefix": "/1999/"]])
        let all = many + [duplicate]
        let found = RuleCatalog.checkReferences(all, in: ClusterSnapshot(all))
            .filter { $0.code.canary == "CAN1120" }
        #expect(found.map { $0.resource?.name } == ["z"])
    }

    // MARK: DestinationRules

    @Test func `what an older DestinationRule takes away is found`() {
        let v1: Node = ["name": "v1", "labels": ["version": "v1"]]
        let other: Node = ["name": "v1", "labels": ["version": "v1", "track": "a"]]
        let v2: Node = ["name": "v2", "labels": ["version": "v2"]]
        let policy: Node = ["loadBalancer": ["simple": "RANDOM"]]
        let older = rule("a", policy: policy, v1)

        let lost = findings("CAN1121", rule("b", policy: policy, other, v2), older)
        #expect(lost.summary == ["CAN1121 spec.subsets[0].name", "CAN1121 spec.trafficPolicy"])
        #expect(lost.allSatisfy { $0.severity == .warning })
        #expect(
            lost.first?.message
                == "this policy is not used: that of DestinationRule \"default/a\" for the same host comes first by age"
        )
        let same = findings("CAN1121", rule("b", v1), older)
        #expect(same.map(\.severity) == [.info])
        #expect(same.map(\.path.description) == ["spec.subsets[0].name"])
        let added = findings("CAN1121", rule("b", v2), older)
        #expect(added.map(\.severity) == [.info])
        #expect(added.map(\.path.description) == ["spec.host"])
        #expect(added.first?.message.hasSuffix("Istio adds these subsets to its own") == true)
        let policyAlone = findings("CAN1121", rule("b", policy: policy), rule("a", v1))
        #expect(policyAlone.first?.message.hasSuffix("Istio adds this policy to its own") == true)
        #expect(findings("CAN1121", older, rule("b", v1)).isEmpty)
    }

    @Test func `DestinationRules that are not taken together are no finding`() {
        let v1: Node = ["name": "v1", "labels": ["version": "v1"]]
        let older = rule("a", v1)
        #expect(findings("CAN1121", rule("b", namespace: "shop", v1), older).isEmpty)
        #expect(findings("CAN1121", rule("b", v1, exportTo: ["."]), older).isEmpty)
        #expect(findings("CAN1121", rule("b", v1, exportTo: ["*"]), older).count == 1)
    }
}
