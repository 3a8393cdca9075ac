// SPDX-License-Identifier: Apache-2.0

/// What an autoscaler wants of its target.
package struct AutoscalerDecision: Hashable, Sendable {
    package var current: Int
    package var desired: Int
    /// Why, as Kubernetes' event says it: `cpu resource utilization (percentage of request) above target`.
    package var reason: String
    /// What went wrong on the way.
    package var events: [AutoscalerEvent]

    package var scales: Bool { current != desired }

    init(from current: Int, to desired: Int, because reason: String = "", _ events: [AutoscalerEvent] = []) {
        self.current = current
        self.desired = desired
        self.reason = reason
        self.events = events
    }

    init(keeping current: Int, _ events: [AutoscalerEvent]) {
        self.init(from: current, to: current, because: "", events)
    }

    /// The event of a target that was scaled.
    package var rescaled: AutoscalerEvent {
        AutoscalerEvent(normal: "SuccessfulRescale", "New size: \(desired); reason: \(reason)")
    }
}

/// An event of an autoscaler, as `get events` and `describe hpa` list it.
package struct AutoscalerEvent: Hashable, Sendable {
    package var isWarning: Bool
    package var reason: String
    package var message: String

    init(warning reason: String, _ message: String) {
        (isWarning, self.reason, self.message) = (true, reason, message)
    }

    init(normal reason: String, _ message: String) {
        (isWarning, self.reason, self.message) = (false, reason, message)
    }

    init(_ reason: AutoscalerCondition.Reason, _ message: String) {
        self.init(warning: reason.rawValue, message)
    }
}
