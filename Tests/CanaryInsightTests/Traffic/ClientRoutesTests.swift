// SPDX-License-Identifier: Apache-2.0

import CanaryInsight
import CanaryTestSupport
import Testing

@testable import CanaryResources

/// Which routes of a host's page the clients of a proxy can take; the proxy's own table is the measure.
struct ClientRoutesTests {
    private let service = object(
        .service,
        "web",
        ["spec": ["selector": ["app": "web"], "ports": [["name": "http", "port": 80]]]]
    )

    private func routes(_ name: String, exportTo: Node = nil, gateways: Node = nil, _ blocks: Node...)
        -> Resource
    {
        var spec: Node = ["hosts": ["web"], "exportTo": exportTo, "gateways": gateways]
        let http = blocks.enumerated().map { index, block -> Node in
            ["match": [block], "directResponse": ["status": .integer(Int64(200 + index))]]
        }
        spec.set(.sequence(http), at: "http")
        return object(.virtualService, name, ["spec": spec])
    }

    private let web: Node = ["sourceLabels": ["app": "web"]]
    private let shop: Node = ["sourceNamespace": "shop"]
    private let anyone: Node = ["uri": ["prefix": "/a"]]

    private func unreached(_ resources: [Resource], _ namespace: String, _ labels: [String: String] = [:])
        -> [Int]
    {
        ClusterSnapshot([service] + resources).routesOutOfReach(
            of: "web.default.svc.cluster.local",
            namespace: "default",
            clientNamespace: namespace,
            labels: labels
        ).sorted()
    }

    @Test func `conditions on clients leave routes out`() {
        let one = routes("a", web, shop, anyone, ["gateways": ["edge"]], ["port": 81])
        #expect(unreached([one], "default") == [0, 1, 3, 4])
        #expect(unreached([one], "shop") == [0, 3, 4])
        #expect(unreached([one], "default", ["app": "web", "x": "y"]) == [1, 3, 4])
    }

    @Test func `the VirtualService that decides leaves the others out`() {
        let two = [routes("a", web), routes("b", anyone)]
        #expect(unreached(two, "default") == [0])
        #expect(unreached(two, "default", ["app": "web"]) == [1])
    }

    @Test func `a VirtualService that clients do not see is out of reach`() {
        #expect(unreached([routes("a", exportTo: ["."], anyone)], "shop") == [0])
        #expect(unreached([routes("a", exportTo: ["."], anyone)], "default") == [])
    }

    @Test func `what Gateways serve is in reach`() {
        #expect(unreached([routes("a", gateways: ["edge"], web)], "default") == [])
        #expect(unreached([routes("a", gateways: ["edge", "mesh"], web)], "default") == [])
    }
}
