// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Testing

@testable import CanaryMesh
@testable import CanaryResources
@testable import CanaryRouting

@Suite struct BoundHostsTests {
    private static let bound = [
        "shop.example.com", "SHOP.example.org", "a.b.example.org", "notirregular.net", "*.example.com",
        "*.net",
        "*.shop.example.com", "*ample.com", "shop",
    ]

    @Test(arguments: [
        "shop.example.com", "*.example.com", "*.example.org", "a.b.example.org", "*irregular.net", "*",
        "*.com",
        "*.b.example.org", "other.org", "shop.edge.svc.cluster.local",
    ])
    func `no host that a server takes is left out, and hardly another is found`(pattern: String) throws {
        let namespace = "edge"
        let routes = Resource(
            key: ResourceKey(.virtualService, namespace: namespace, name: "routes"),
            body: [
                "spec": ["hosts": .sequence(Self.bound.map { .string($0) }), "gateways": ["front"]]
            ]
        )
        var hosts = BoundHosts(ClusterSnapshot(revision: 1, [routes]))
        let gateway = GatewayReference(ResourceKey(.gateway, namespace: namespace, name: "front"))
        let found = hosts.overlapping([pattern], at: gateway)
        let taken = Set(Self.bound.map { HostName.resolve($0, namespace: namespace) }).filter {
            GatewayHost(pattern, gatewayNamespace: namespace).admits($0, from: namespace)
        }
        #expect(taken.isSubset(of: found))
        if HostName.isRegular(pattern) { #expect(found.subtracting(taken).isSubset(of: ["*ample.com"])) }
    }
}
