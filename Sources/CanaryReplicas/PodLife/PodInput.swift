// SPDX-License-Identifier: Apache-2.0

/// One start of a container: what is said of an earlier one means nothing any more.
package struct ContainerRun: Hashable, Sendable {
    package var container: String
    /// Counted from 1.
    package var number: Int

    package init(_ container: String, _ number: Int) {
        self.container = container
        self.number = number
    }
}

package enum LifecycleHook: String, Sendable {
    case postStart, preStop
}

/// What a pod's life hears.
package enum PodInput: Hashable, Sendable {
    /// The process runs.
    case started(ContainerRun)
    /// It could not be started: the status' word, and why.
    case startFailed(ContainerRun, reason: String, message: String)
    case exited(ContainerRun, ContainerExit.Cause)
    case probed(ContainerRun, ProbeKind, isSuccess: Bool, message: String)
    /// With what went wrong, if anything did.
    case hookEnded(ContainerRun, LifecycleHook, failure: String?)
    /// It shall end; the grace period is the pod's own unless another is given.
    case delete(gracePeriod: Duration?)
    /// No proxy sends it requests any more, and none is under way.
    case drained
    /// What its containers are started with is another by now.
    case configurationChanged
    /// Time passed.
    case tick
}

/// What is to be done for a pod. Each is said once.
package enum PodAction: Hashable, Sendable {
    case start(ContainerRun)
    case probe(ContainerRun, ProbeKind)
    case runHook(ContainerRun, LifecycleHook)
    /// SIGTERM.
    case terminate(ContainerRun)
    /// SIGKILL, for all that the container started.
    case kill(ContainerRun)
    /// Let no new request reach it, and say when the last one is answered.
    case drain
    /// All has ended, and nothing is left to be done.
    case remove
}

/// What follows from an input.
package struct PodOutcome: Hashable, Sendable {
    package var actions: [PodAction] = []
    package var events: [ObjectEvent] = []
}
