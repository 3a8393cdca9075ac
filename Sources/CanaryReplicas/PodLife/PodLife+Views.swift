// SPDX-License-Identifier: Apache-2.0

extension ObservedPod {
    /// A pod as its autoscaler sees it.
    package init(_ name: String, _ life: PodLife) {
        self.init(
            name,
            phase: life.phase,
            isTerminating: life.isTerminating,
            startTime: life.created,
            readiness: life.readiness,
            containers: life.spec.observedContainers
        )
    }
}

extension ReplicaPod {
    /// A pod as its Deployment sees it.
    package init(_ name: String, _ life: PodLife) {
        self.init(
            name,
            phase: life.phase,
            isTerminating: life.isTerminating,
            readySince: life.isReady ? life.readiness.since : nil,
            created: life.created,
            restarts: life.restarts,
            deletionCost: life.spec.annotations[Self.deletionCostAnnotation].flatMap { Int32($0) }.map(
                Int.init
            ) ?? 0
        )
    }

    private static let deletionCostAnnotation = "controller.kubernetes.io/pod-deletion-cost"
}
