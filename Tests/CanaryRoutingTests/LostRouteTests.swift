// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryTestSupport
import Testing

@testable import CanaryResources

/// Delegates that are of no use.
struct LostRouteTests {
    private static func leaf(_ name: String, _ spec: Node, namespace: String = "default") -> Resource {
        object(.virtualService, name, namespace: namespace, ["spec": spec])
    }

    private static let answer: Node = ["directResponse": ["status": 200]]

    @Test func `each kind of loss is told, and the other routes stay`() {
        let root = Helloworld.routes([
            ["delegate": ["name": "missing"]],
            ["delegate": ["name": "has-hosts"]],
            ["delegate": ["name": "hidden", "namespace": "other"]],
            ["delegate": ["name": "empty"]],
            ["match": [["uri": ["exact": "/a"]]], "delegate": ["name": "mixed"]],
            Self.answer,
        ])
        let snapshot = ClusterSnapshot([
            root,
            Self.leaf("has-hosts", ["hosts": ["x.test"], "http": [Self.answer]]),
            Self.leaf("hidden", ["exportTo": ["."], "http": [Self.answer]], namespace: "other"),
            Self.leaf("empty", [:]),
            Self.leaf(
                "mixed",
                [
                    "http": [
                        ["match": [["uri": ["exact": "/b"]]], "directResponse": ["status": 200]],
                        Self.answer,
                        ["delegate": ["name": "empty"]],
                    ]
                ]
            ),
        ])
        let lost = snapshot.lostRoutes(of: root)
        #expect(lost.map(\.reason) == [.missing, .isNoDelegate, .notExported, .empty, .conflict, .nested])
        #expect(lost.map(\.index) == [0, 1, 2, 3, 4, 4])
        #expect(lost.map(\.leafIndex) == [nil, nil, nil, nil, 0, 2])
        let effective = snapshot.effectiveRoutes(of: root)
        #expect(effective.map(\.rootIndex) == [4, 5])
        #expect(effective.map(\.sourceIndex) == [1, 5])
        #expect(effective.map(\.index) == [0, 1])
    }
}
