// SPDX-License-Identifier: Apache-2.0

import CanaryReplicas
import CanaryResources
import Testing

@testable import CanaryCLI

/// What pods, as others see them, tell of their Deployment.
@Suite struct RunningReplicasTests {
    private static let now: Int64 = 1_764_000_000_000

    private static let deployment = Resource(
        key: ResourceKey(.deployment, namespace: "shop", name: "web"),
        body: .mapping([
            "spec": .mapping([
                "replicas": .integer(3), "minReadySeconds": .integer(10),
                "selector": .mapping(["matchLabels": .stringMap(["app": "web"])]),
                "template": .mapping(["metadata": .mapping(["labels": .stringMap(["app": "web"])])]),
            ])
        ])
    )

    private static var present: String { DeploymentSpec(deployment)?.podTemplateHash ?? "" }

    private static func pod(
        _ name: String,
        namespace: String = "shop",
        app: String = "web",
        hash: String = present,
        readyFor seconds: Int64? = 60,
        phase: String = "Running",
        isLeaving: Bool = false
    ) -> Resource {
        let labels = ["app": app, DeploymentSpec.podTemplateHashLabel: hash]
        let time = CalendarTime(milliseconds: now - (seconds ?? 0) * 1000).text
        var body = Node.mapping([
            "metadata": .mapping(["name": .string(name), "labels": .stringMap(labels)]),
            "status": .mapping([
                "phase": .string(phase),
                "conditions": .sequence([
                    .mapping([
                        "type": .string("Ready"), "status": .string(seconds == nil ? "False" : "True"),
                        "lastTransitionTime": .string(time),
                    ])
                ]),
            ]),
        ])
        if isLeaving { body.set(.string(time), at: "metadata", "deletionTimestamp") }
        return Resource(key: ResourceKey(.pod, namespace: namespace, name: name), body: body)
    }

    private func status(_ pods: [Resource]) throws -> DeploymentStatus {
        try #require(RunningReplicas(pods, now: Self.now).status(of: Self.deployment))
    }

    @Test func countsByReadinessTemplateAndTime() throws {
        let status = try status([
            Self.pod("available"), Self.pod("just", readyFor: 10), Self.pod("ready", readyFor: 9),
            Self.pod("unready", readyFor: nil), Self.pod("old", hash: "former"),
        ])
        #expect(status.replicas == 5 && status.updated == 4 && status.ready == 4 && status.available == 3)
        #expect(status.readyColumn == "4/3" && !status.isComplete)
    }

    @Test func whatLeavesHasEndedOrIsAnothersDoesNotCount() throws {
        let status = try status([
            Self.pod("leaving", isLeaving: true), Self.pod("failed", phase: "Failed"),
            Self.pod("done", phase: "Succeeded"), Self.pod("shop", app: "shop"),
            Self.pod("elsewhere", namespace: "default"),
        ])
        #expect(status.replicas == 0 && status.ready == 0)
    }

    @Test func isThroughWhenAllAreNewAndAvailable() throws {
        #expect(try status(["a", "b", "c"].map { Self.pod($0) }).isComplete)
        #expect(
            try status(["a", "b"].map { Self.pod($0) }).sentence
                == "Waiting for deployment \"web\" rollout to finish: 2 out of 3 new replicas have been updated..."
        )
    }
}
