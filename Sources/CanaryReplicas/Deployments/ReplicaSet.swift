// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// The pods of one template of a Deployment: how many there shall be.
package struct ReplicaSet: Hashable, Sendable {
    /// What the Deployment had asked for when the set was scaled last, by which later changes are shared out.
    package struct Share: Hashable, Sendable {
        package var replicas: Int
        /// With the surge.
        package var most: Int
    }

    /// `hello-v1-6bcfd5b9c7`
    package var name: String
    package var hash: String
    package var template: Node
    package var replicas: Int
    package var revision: Int
    /// Which one is older.
    package var number: Int
    package var share: Share

    /// The labels of its pods.
    package var podLabels: [String: String] {
        let written = template["metadata"]?["labels"]?.stringMap ?? [:]
        return written.merging([PodTemplateHash.label: hash]) { $1 }
    }

    /// The name of a pod, `hello-v1-6bcfd5b9c7-x2x4f`; whoever has pods looks whether it is free.
    package func podName(using random: inout some RandomNumberGenerator) -> String {
        let suffix = (0..<5).map { _ in
            PodTemplateHash.alphabet[Int.random(in: 0..<PodTemplateHash.alphabet.count, using: &random)]
        }
        return "\(name)-\(String(suffix))"
    }
}

/// A pod of a set, as far as the Deployment is concerned.
package struct ReplicaPod: Hashable, Sendable {
    package var name: String
    package var phase: PodPhase
    package var isTerminating: Bool
    /// Since when it has been ready; `nil` while it is not.
    package var readySince: TimePoint?
    package var created: TimePoint
    package var restarts: Int
    /// What `controller.kubernetes.io/pod-deletion-cost` says: the cheapest leaves first.
    package var deletionCost: Int

    package init(
        _ name: String,
        phase: PodPhase = .running,
        isTerminating: Bool = false,
        readySince: TimePoint?,
        created: TimePoint,
        restarts: Int = 0,
        deletionCost: Int = 0
    ) {
        self.name = name
        self.phase = phase
        self.isTerminating = isTerminating
        self.readySince = readySince
        self.created = created
        self.restarts = restarts
        self.deletionCost = deletionCost
    }

    /// Whether it counts: what leaves or has ended does not.
    package var isActive: Bool { !isTerminating && !phase.isFinal }

    func isAvailable(after minReady: Duration, at now: TimePoint) -> Bool {
        isActive && (readySince.map { $0 + minReady <= now } ?? false)
    }

    /// Whether it is to be deleted before another: what serves least goes first, in Kubernetes' order.
    func leaves(before other: ReplicaPod) -> Bool {
        if (phase == .pending) != (other.phase == .pending) { return phase == .pending }
        if (readySince == nil) != (other.readySince == nil) { return readySince == nil }
        if deletionCost != other.deletionCost { return deletionCost < other.deletionCost }
        if let own = readySince, let others = other.readySince, own != others { return own > others }
        if restarts != other.restarts { return restarts > other.restarts }
        if created != other.created { return created > other.created }
        return name < other.name
    }
}

/// What makes a set's pods as many as there shall be.
package struct ReplicaSetChange: Hashable, Sendable {
    package var created: Int
    package var deleted: [String]

    package init(_ set: ReplicaSet, _ pods: [ReplicaPod]) {
        let active = pods.filter(\.isActive)
        created = max(set.replicas - active.count, 0)
        let surplus = max(active.count - set.replicas, 0)
        // What has ended by itself takes up a name and nothing else.
        let ended = pods.filter { $0.phase.isFinal && !$0.isTerminating }.map(\.name)
        deleted = ended + active.sorted { $0.leaves(before: $1) }.prefix(surplus).map(\.name)
    }
}
