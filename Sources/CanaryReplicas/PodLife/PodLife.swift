// SPDX-License-Identifier: Apache-2.0

/// What becomes of a pod, from its first container's start to the end of its last, as Kubernetes' kubelet does it.
///
/// It has no hands: each input brings the actions that follow from it, and ``nextTime`` says when time itself is an input. A pod that
/// is to end is not ready from that moment on, and its processes are told to end only when the last request is answered, or
/// the grace period is over.
package struct PodLife: Hashable, Sendable {
    /// How long a process has to end in any case after it was told to.
    static let shortestGrace = Duration.seconds(2)

    /// How a pod ends.
    struct Deletion: Hashable, Sendable {
        var deadline: TimePoint
        var isDrained = false
        var isRemoved = false
    }

    package let spec: PodSpec
    /// In the order in which they begin.
    package internal(set) var containers: [ContainerLife]
    package let created: TimePoint
    /// Since when it has been as ready as it is.
    package private(set) var readiness: ObservedPod.Readiness
    var deletion: Deletion?

    package init(_ spec: PodSpec, at now: TimePoint) {
        self.spec = spec
        created = now
        readiness = .init(isReady: false, since: now)
        containers =
            spec.initContainers.map { ContainerLife($0, isInit: true) }
            + spec.containers.map { ContainerLife($0, isInit: false) }
    }

    package var isTerminating: Bool { deletion != nil }

    /// Until when it is to have ended; `nil` for one that is to stay.
    package var deletionTime: TimePoint? { deletion?.deadline }

    /// Whether requests may reach it.
    package var isReady: Bool { readiness.isReady }

    /// When it is to hear a ``PodInput/tick`` at the latest; `nil` where only others can change anything.
    package var nextTime: TimePoint? { containers.compactMap(\.nextTime).min() }

    package mutating func handle(_ input: PodInput, at now: TimePoint) -> PodOutcome {
        var outcome = PodOutcome()
        switch input {
        case .started(let run): update(run) { $0.hearStart(at: now, &outcome) }
        case .startFailed(let run, let reason, let message):
            update(run) { $0.hearFailure(reason, message, at: now, &outcome) }
        case .exited(let run, let cause): hearExit(of: run, ContainerExit(cause, at: now), &outcome)
        case .probed(let run, let kind, let isSuccess, let message):
            hearProbe(of: run, kind, isSuccess, message, at: now, &outcome)
        case .hookEnded(let run, let hook, let failure):
            hearHook(of: run, hook, failure, at: now, &outcome)
        case .delete(let grace): delete(max(grace ?? spec.terminationGracePeriod, .zero), at: now, &outcome)
        case .drained: deletion?.isDrained = true
        case .configurationChanged:
            for index in containers.indices { containers[index].retryStart(at: now) }
        case .tick: break
        }
        advance(at: now, &outcome)
        return outcome
    }

    /// Changes the container of a run, unless that run is over.
    private mutating func update(_ run: ContainerRun, _ change: (inout ContainerLife) -> Void) {
        guard let index = index(of: run) else { return }
        change(&containers[index])
    }

    private func index(of run: ContainerRun) -> Int? {
        containers.firstIndex { $0.run == run && $0.isAlive }
    }

    // MARK: - What is heard

    private mutating func hearExit(of run: ContainerRun, _ exit: ContainerExit, _ outcome: inout PodOutcome) {
        guard let index = index(of: run) else { return }
        containers[index].lastExit = exit
        if exit.cause == .outOfMemory {
            outcome.events.append(
                .init(warning: "OOMKilling", "Container \(run.container) took more memory than its limit")
            )
        }
        if containers[index].stop == nil, exit.cause != .outOfMemory {
            let text = "Container \(run.container) ended: \(exit.text)"
            outcome.events.append(
                exit.isSuccess ? .init(normal: "Exited", text) : .init(warning: "Exited", text)
            )
        }
        containers[index].stop = nil
        guard restarts(containers[index], exit) else {
            containers[index].state = .ended
            return
        }
        containers[index].awaitRestart(after: exit, &outcome)
    }

    private func restarts(_ container: ContainerLife, _ exit: ContainerExit) -> Bool {
        if isTerminating || phase.isFinal { return false }
        if container.isSidecar { return true }
        return switch spec.restartPolicy {
        case .always: !container.isInit || !exit.isSuccess
        case .onFailure: !exit.isSuccess
        case .never: false
        }
    }

    private mutating func hearProbe(
        of run: ContainerRun,
        _ kind: ProbeKind,
        _ isSuccess: Bool,
        _ message: String,
        at now: TimePoint,
        _ outcome: inout PodOutcome
    ) {
        guard let index = index(of: run), let probe = containers[index].spec.probe(kind) else { return }
        let isExpected = containers[index].mayFail(kind, at: now)
        containers[index].probes[kind]?.hear(isSuccess, at: now)
        guard containers[index].stop == nil else { return }
        if !isSuccess, probe.isImplied {
            containers[index].noteClosedPort(message, at: now, &outcome)
        } else if !isSuccess {
            let text = "\(kind.rawValue) probe failed: \(message)"
            outcome.events.append(.init(warning: "Unhealthy", text, isExpected: isExpected))
        }
        guard kind != .readiness, containers[index].probes[kind]?.isPassing == false else { return }
        let word = kind.rawValue.lowercased()
        let text = "Container \(run.container) failed \(word) probe, will be restarted"
        outcome.events.append(.init(normal: "Killing", text))
        let grace = probe.terminationGracePeriod ?? spec.terminationGracePeriod
        containers[index].beginStop(deadline: now + grace, awaitsDrain: false, &outcome)
    }

    private mutating func hearHook(
        of run: ContainerRun,
        _ hook: LifecycleHook,
        _ failure: String?,
        at now: TimePoint,
        _ outcome: inout PodOutcome
    ) {
        guard let index = index(of: run) else { return }
        if let failure {
            let reason = hook == .postStart ? "FailedPostStartHook" : "FailedPreStopHook"
            outcome.events.append(.init(warning: reason, failure))
        }
        switch hook {
        case .preStop: containers[index].stop?.awaitsHook = false
        case .postStart:
            guard case .hooking = containers[index].state else { return }
            containers[index].becomeRunning(at: now)
            guard failure != nil, containers[index].stop == nil else { return }
            let deadline = now + spec.terminationGracePeriod
            containers[index].beginStop(deadline: deadline, awaitsDrain: false, &outcome)
        }
    }

    private mutating func delete(_ grace: Duration, at now: TimePoint, _ outcome: inout PodOutcome) {
        let deadline = now + grace
        if let known = deletion {
            // It can only be hurried.
            deletion?.deadline = min(known.deadline, deadline)
            for index in containers.indices { containers[index].hurry(to: deadline) }
            return
        }
        deletion = Deletion(deadline: deadline)
        outcome.actions.append(.drain)
    }

    // MARK: - What follows

    /// Does what is due, in an order in which one thing never has to wait for the next input.
    private mutating func advance(at now: TimePoint, _ outcome: inout PodOutcome) {
        for index in containers.indices where containers[index].isStarted {
            containers[index].wasStarted = true
        }
        if isTerminating { endContainers(at: now, &outcome) } else { startContainers(at: now, &outcome) }
        for index in containers.indices {
            containers[index].advanceStop(at: now, isDrained: deletion?.isDrained ?? true, &outcome)
            for kind in containers[index].dueProbes(at: now) {
                containers[index].probes[kind]?.ask(at: now)
                outcome.actions.append(.probe(containers[index].run, kind))
            }
        }
        let counted = containers.filter(\.counts)
        let isReady = !isTerminating && !counted.isEmpty && counted.allSatisfy(\.isReady)
        if isReady != readiness.isReady { readiness = .init(isReady: isReady, since: now) }
        if let deletion, !deletion.isRemoved, !containers.contains(where: \.isAlive) {
            self.deletion?.isRemoved = true
            outcome.actions.append(.remove)
        }
    }

    private mutating func startContainers(at now: TimePoint, _ outcome: inout PodOutcome) {
        if phase.isFinal {
            // Sidecars are there for the others.
            for index in containers.indices {
                let deadline = now + spec.terminationGracePeriod
                containers[index].beginStop(deadline: deadline, awaitsDrain: false, &outcome)
            }
            return
        }
        for index in containers.indices {
            // Init containers come one after the other, all others at once behind them.
            let isBlocked = containers[..<index].contains { $0.isInit && !$0.isPassed }
            guard !isBlocked else { return }
            containers[index].startIfDue(at: now, &outcome)
        }
    }

    private mutating func endContainers(at now: TimePoint, _ outcome: inout PodOutcome) {
        guard let deletion else { return }
        let othersEnded = !containers.contains { !$0.isSidecar && $0.isAlive }
        for index in containers.indices {
            // What waits to be started again never is.
            guard othersEnded || !containers[index].isSidecar || !containers[index].isAlive else { continue }
            containers[index].beginStop(deadline: deletion.deadline, awaitsDrain: true, &outcome)
        }
    }
}
