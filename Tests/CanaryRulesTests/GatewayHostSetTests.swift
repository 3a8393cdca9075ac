// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Testing

@testable import CanaryMesh
@testable import CanaryResources

@Suite struct GatewayHostSetTests {
    private static let written = [
        "shop.example.com", "*.example.org", "team/*.team.example.com", "./own.example.com",
        "*/Open.example.com",
        "*irregular.net",
    ]
    private static let asked = [
        "shop.example.com", "SHOP.example.com", "other.example.com", "a.example.org", "a.b.example.org",
        "example.org", "x.team.example.com", "own.example.com", "open.example.com", "notirregular.net",
        "irregular.net", "*.example.com", "*.net", "*", "shop", "", "*.shop.example.com",
        "*.team.example.com", "*ample.com", "*.com",
    ]

    @Test(arguments: asked, ["edge", "team"]) func `looking up is the same as comparing with each`(
        host: String,
        namespace: String
    ) throws {
        let body: Node = [
            "spec": [
                "servers": [
                    [
                        "port": ["number": 80, "name": "http", "protocol": "HTTP"],
                        "hosts": .sequence(Self.written.map { .string($0) }),
                    ]
                ]
            ]
        ]
        let resource = Resource(key: ResourceKey(.gateway, namespace: "edge", name: "front"), body: body)
        let set = GatewayHostSet(try #require(resource.gateway).servers, namespace: "edge")
        #expect(set.hosts.count == Self.written.count)
        #expect(
            set.admits(host, from: namespace)
                == set.hosts.contains { $0.admits(host, from: namespace) }
        )
    }
}
