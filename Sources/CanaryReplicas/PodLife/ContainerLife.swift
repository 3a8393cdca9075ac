// SPDX-License-Identifier: Apache-2.0

/// A container of a pod that lives: one run after the other.
package struct ContainerLife: Hashable, Sendable {
    package enum State: Hashable, Sendable {
        /// It has not been started yet, or waits to be started again; `until` is `nil` where others come first.
        case waiting(reason: String, message: String, until: TimePoint?)
        /// It was to be started, and nothing is known of it yet.
        case starting
        /// It runs, and its `postStart` hook is not through.
        case hooking(since: TimePoint)
        case running(since: TimePoint)
        /// It ended, and is not started again.
        case ended
    }

    /// How a run is being ended.
    struct Stop: Hashable, Sendable {
        /// When the grace period is over.
        var deadline: TimePoint
        var awaitsHook: Bool
        var awaitsDrain: Bool
        /// When it is killed, once it was told to end.
        var killTime: TimePoint?
        var isKilled = false
    }

    package let spec: ContainerSpec
    package let isInit: Bool
    package internal(set) var state: State
    /// How often it was started.
    package internal(set) var runs = 0
    package internal(set) var restarts = 0
    package internal(set) var lastExit: ContainerExit?
    var stop: Stop?
    var backOff = RestartBackOff()
    var probes: [ProbeKind: ProbeState] = [:]
    /// Whether it was said of this run that it does not listen.
    var hasToldOfClosedPort = false
    /// Whether one of its runs got so far that what is behind it could start.
    var wasStarted = false

    init(_ spec: ContainerSpec, isInit: Bool) {
        self.spec = spec
        self.isInit = isInit
        state = .waiting(reason: "PodInitializing", message: "", until: nil)
    }

    package var run: ContainerRun { ContainerRun(spec.name, runs) }

    /// Under which the output of its run, or of the one that is to begin, is kept: `restarts` once it has begun. What could not be
    /// started wrote nothing, and has no number.
    package var logNumber: Int { hasProcess || lastExit == nil ? restarts : restarts + 1 }

    var isSidecar: Bool { isInit && spec.isSidecar }

    /// Whether there is, or may be, a process.
    package var isAlive: Bool {
        switch state {
        case .starting, .hooking, .running: true
        case .waiting, .ended: false
        }
    }

    /// Whether there surely is a process.
    var hasProcess: Bool { isAlive && state != .starting }

    package var isRunning: Bool { if case .running = state { true } else { false } }

    /// Whether its startup probe has passed, or it has none.
    package var isStarted: Bool { isRunning && (probes[.startup].map { $0.isPassing == true } ?? true) }

    package var isReady: Bool {
        isStarted && stop == nil && (probes[.readiness].map { $0.isPassing == true } ?? true)
    }

    /// Whether an init container is no obstacle to what comes after it.
    var isPassed: Bool {
        isSidecar ? wasStarted : state == .ended && lastExit?.isSuccess == true
    }

    mutating func becomeRunning(at now: TimePoint) {
        state = .running(since: now)
        hasToldOfClosedPort = false
        probes = [:]
        for kind in ProbeKind.allCases {
            probes[kind] = spec.probe(kind).map { ProbeState($0, containerStart: now) }
        }
    }

    /// The probes that are to be asked: the others wait for the one that says that the container has started.
    func dueProbes(at now: TimePoint) -> [ProbeKind] {
        activeProbes.filter { kind in probes[kind]?.due.map { $0 <= now } ?? false }
    }

    var activeProbes: [ProbeKind] {
        guard isRunning, stop == nil else { return [] }
        return isStarted ? [.readiness, .liveness] : [.startup]
    }

    /// When something is to be done for it without being told to.
    var nextTime: TimePoint? {
        var times: [TimePoint] = activeProbes.compactMap { probes[$0]?.due }
        if case .waiting(_, _, let until?) = state { times.append(until) }
        if let stop, hasProcess, !stop.isKilled { times.append(stop.killTime ?? stop.deadline) }
        return times.min()
    }
}

extension ContainerSpec {
    package func probe(_ kind: ProbeKind) -> Probe? {
        switch kind {
        case .startup: startupProbe
        case .readiness: readinessProbe
        case .liveness: livenessProbe
        }
    }
}
