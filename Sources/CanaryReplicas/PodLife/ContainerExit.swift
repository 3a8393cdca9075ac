// SPDX-License-Identifier: Apache-2.0

/// How a container's process ended.
package struct ContainerExit: Hashable, Sendable {
    package enum Cause: Hashable, Sendable {
        case status(Int32)
        case signal(Int32)
        /// Killed because it took more memory than its limit.
        case outOfMemory
    }

    package var cause: Cause
    package var time: TimePoint

    package init(_ cause: Cause, at time: TimePoint) {
        self.cause = cause
        self.time = time
    }

    package var isSuccess: Bool { cause == .status(0) }

    /// As Kubernetes counts: 128 and the signal.
    package var code: Int32 {
        switch cause {
        case .status(let status): status
        case .signal(let signal): 128 &+ signal
        case .outOfMemory: 137
        }
    }

    /// For people.
    var text: String {
        switch cause {
        case .status(let status): "exit status \(status)"
        case .signal(let signal): "signal \(signal)"
        case .outOfMemory: "out of memory"
        }
    }

    package var reason: String {
        switch cause {
        case .status(0): "Completed"
        case .outOfMemory: "OOMKilled"
        default: "Error"
        }
    }
}
