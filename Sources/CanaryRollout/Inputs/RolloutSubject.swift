// SPDX-License-Identifier: Apache-2.0

import CanaryJudge
package import CanaryResources

/// What a rollout is about, as its manifest was when it began, and whom it asks and tells.
package struct RolloutSubject: Sendable {
    package var name: String
    package var namespace: String
    /// The full name.
    package var host: String
    /// The same as long as the rollout is.
    package var checksum: String
    package var metrics: [RolloutMetric]
    package var notifications: [RolloutNotification]

    package init(name: String, namespace: String, host: String, checksum: String, _ spec: RolloutSpec) {
        self.name = name
        self.namespace = namespace
        self.host = host
        self.checksum = checksum
        metrics = spec.analysis.metrics
        notifications = spec.notifications
    }
}

/// A rollout at one moment, in words for those who are asked and told.
struct RolloutScene: Sendable {
    let subject: RolloutSubject
    let canary: String
    let stable: String
    let phase: String
    /// From 1 on.
    let step: String
    /// The canary's share, in percent.
    let weight: String

    init(_ subject: RolloutSubject, _ state: RolloutState) {
        self.subject = subject
        (canary, stable) = (state.plan.canary, state.plan.stable)
        phase = state.phase.rawValue
        step = "\(min(state.step, max(state.plan.steps.count - 1, 0)) + 1)"
        if case .split(let share) = state.inForce { weight = share.percentText } else { weight = "0" }
    }

    /// What stands for the words in double braces.
    func values(of version: String) -> [String: String] {
        [
            "canary": canary, "host": subject.host, "namespace": subject.namespace, "rollout": subject.name,
            "stable": stable, "step": step, "version": version, "weight": weight,
        ]
    }

    /// What commands find in their environment besides the controller's own.
    func variables(of version: String) -> [String: String] {
        let values = values(of: version).map { ("CANARYCTL_\($0.key.uppercased())", $0.value) }
        return Dictionary(values) { $1 }.merging(["CANARYCTL_PHASE": phase]) { $1 }
    }

    /// What is posted to others, as Flagger posts to its webhooks.
    func message(_ metadata: [String: String]) -> [UInt8] {
        let own = ["canary": canary, "host": subject.host, "stable": stable, "step": step, "weight": weight]
        let node = Node.mapping([
            "name": .string(subject.name), "namespace": .string(subject.namespace), "phase": .string(phase),
            "checksum": .string(subject.checksum), "metadata": .stringMap(own.merging(metadata) { $1 }),
        ])
        return Array(JSONWriter.write(node).utf8)
    }
}

extension Share {
    /// `5`, `0.5`: without a sign.
    fileprivate var percentText: String { description.filter { $0.isNumber || $0 == "." } }
}
