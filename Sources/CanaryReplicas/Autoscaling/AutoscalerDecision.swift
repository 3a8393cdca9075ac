// SPDX-License-Identifier: Apache-2.0

/// What an autoscaler wants of its target.
package struct AutoscalerDecision: Hashable, Sendable {
    package var current: Int
    package var desired: Int
    /// Why, as Kubernetes' event says it: `cpu resource utilization (percentage of request) above target`.
    package var reason: String
    /// What went wrong on the way.
    package var events: [ObjectEvent]

    package var scales: Bool { current != desired }

    init(from current: Int, to desired: Int, because reason: String = "", _ events: [ObjectEvent] = []) {
        self.current = current
        self.desired = desired
        self.reason = reason
        self.events = events
    }

    init(keeping current: Int, _ events: [ObjectEvent]) {
        self.init(from: current, to: current, because: "", events)
    }

    /// The event of a target that was scaled.
    package var rescaled: ObjectEvent {
        ObjectEvent(normal: "SuccessfulRescale", "New size: \(desired); reason: \(reason)")
    }
}
