// SPDX-License-Identifier: Apache-2.0

/// What was measured of a pod, over a window that ends at `time`.
package struct PodMetric: Hashable, Sendable {
    package var value: MilliValue
    package var time: TimePoint
    package var window: Duration

    package init(_ value: MilliValue, at time: TimePoint, window: Duration) {
        self.value = value
        self.time = time
        self.window = window
    }
}

/// What was measured for one metric of an autoscaler.
package enum MetricReading: Sendable {
    /// By the names of pods, as far as there is something.
    case pods([String: PodMetric])
    case object(MilliValue)
    /// Nothing, and why.
    case unavailable(String)
}

/// A pod of an autoscaler's target, as far as it is counted.
package struct ObservedPod: Sendable {
    package struct Readiness: Hashable, Sendable {
        package var isReady: Bool
        /// Since when it is or is not.
        package var since: TimePoint

        package init(isReady: Bool, since: TimePoint) {
            self.isReady = isReady
            self.since = since
        }
    }

    /// What a container asks for, by the name of the resource.
    package struct Container: Sendable {
        package var name: String
        package var requests: [String: MilliValue]

        package init(_ name: String, requests: [String: MilliValue]) {
            self.name = name
            self.requests = requests
        }
    }

    package var name: String
    package var phase: PodPhase
    /// Whether it is being deleted.
    package var isTerminating: Bool
    /// `nil` before the node took it.
    package var startTime: TimePoint?
    /// `nil` before it was looked at.
    package var readiness: Readiness?
    package var containers: [Container]

    package init(
        _ name: String,
        phase: PodPhase = .running,
        isTerminating: Bool = false,
        startTime: TimePoint?,
        readiness: Readiness?,
        containers: [Container]
    ) {
        self.name = name
        self.phase = phase
        self.isTerminating = isTerminating
        self.startTime = startTime
        self.readiness = readiness
        self.containers = containers
    }
}
