// SPDX-License-Identifier: Apache-2.0

extension ContainerLife {
    // MARK: - Starting

    /// Whether it belongs to what the pod is there for: sidecars do, what only runs before does not.
    var counts: Bool { !isInit || isSidecar }

    mutating func startIfDue(at now: TimePoint, _ outcome: inout PodOutcome) {
        guard case .waiting(_, _, let until) = state, until.map({ $0 <= now }) ?? true else { return }
        runs += 1
        state = .starting
        backOff.noteStart(at: now)
        outcome.actions.append(.start(run))
    }

    mutating func hearStart(at now: TimePoint, _ outcome: inout PodOutcome) {
        guard state == .starting else { return }
        if lastExit != nil { restarts += 1 }
        outcome.events.append(.init(normal: "Started", "Started container \(spec.name)"))
        guard spec.postStart != nil, stop == nil else {
            becomeRunning(at: now)
            return
        }
        state = .hooking(since: now)
        outcome.actions.append(.runHook(run, .postStart))
    }

    mutating func hearFailure(
        _ reason: String,
        _ message: String,
        at now: TimePoint,
        _ outcome: inout PodOutcome
    ) {
        guard state == .starting else { return }
        stop = nil
        state = .waiting(reason: reason, message: message, until: backOff.retry(after: now))
        outcome.events.append(.init(warning: "Failed", "Error: \(message)"))
    }

    /// What kept it from being started may be gone. One that ends again and again waits on.
    mutating func retryStart(at now: TimePoint) {
        guard case .waiting(let reason, let message, _?) = state, reason != Self.crashLoop else { return }
        state = .waiting(reason: reason, message: message, until: now)
    }

    private static let crashLoop = "CrashLoopBackOff"

    mutating func awaitRestart(after exit: ContainerExit, _ outcome: inout PodOutcome) {
        let until = backOff.restart(after: exit.time)
        let wait = until - exit.time
        guard wait > .zero else {
            state = .waiting(reason: exit.reason, message: "", until: until)
            return
        }
        let text = "back-off \(Self.text(wait)) restarting failed container=\(spec.name)"
        state = .waiting(reason: Self.crashLoop, message: text, until: until)
        outcome.events.append(.init(warning: "BackOff", "Back-off restarting failed container \(spec.name)"))
    }

    /// As Go writes whole seconds: `10s`, `1m20s`.
    private static func text(_ duration: Duration) -> String {
        let (minutes, seconds) = duration.components.seconds.quotientAndRemainder(dividingBy: 60)
        return minutes > 0 ? "\(minutes)m\(seconds)s" : "\(seconds)s"
    }

    // MARK: - Listening

    /// How long a program may take before it is said that it does not listen.
    private static let openingTime = Duration.seconds(10)

    /// Whether the program may not have come so far yet that the probe passes.
    func mayFail(_ probe: ProbeKind, at now: TimePoint) -> Bool {
        guard case .running(let since) = state, now - since < Self.openingTime else { return false }
        return probe != .liveness && probes[probe]?.isPassing != true
    }

    /// Notes that its port is closed. Nobody asked for this probe, so that its failures are no news, unless they go on.
    mutating func noteClosedPort(_ message: String, at now: TimePoint, _ outcome: inout PodOutcome) {
        guard case .running(let since) = state, !hasToldOfClosedPort, now - since >= Self.openingTime else {
            return
        }
        hasToldOfClosedPort = true
        let text =
            "Container \(spec.name) does not listen on its port: \(message). It is to listen where $PORT says, and gets no requests until then"
        outcome.events.append(.init(warning: "Unhealthy", text))
    }

    // MARK: - Ending

    /// Begins to end what runs; what does not run never will.
    mutating func beginStop(deadline: TimePoint, awaitsDrain: Bool, _ outcome: inout PodOutcome) {
        guard isAlive else {
            state = .ended
            return
        }
        if let known = stop {
            stop?.deadline = min(known.deadline, deadline)
            stop?.awaitsDrain = known.awaitsDrain || awaitsDrain
            return
        }
        // A hook needs a process, and so does a signal: what is only starting is ended when it has started.
        let hasHook = spec.preStop != nil && isRunning
        stop = Stop(deadline: deadline, awaitsHook: hasHook, awaitsDrain: awaitsDrain)
        outcome.events.append(.init(normal: "Killing", "Stopping container \(spec.name)"))
        if hasHook { outcome.actions.append(.runHook(run, .preStop)) }
    }

    mutating func hurry(to deadline: TimePoint) {
        guard let known = stop else { return }
        stop?.deadline = min(known.deadline, deadline)
        stop?.killTime = known.killTime.map { min($0, deadline) }
    }

    mutating func advanceStop(at now: TimePoint, isDrained: Bool, _ outcome: inout PodOutcome) {
        guard var stop, hasProcess, !stop.isKilled else { return }
        defer { self.stop = stop }
        if let killTime = stop.killTime {
            guard now >= killTime else { return }
            stop.isKilled = true
            outcome.actions.append(.kill(run))
            return
        }
        let isPrepared = !stop.awaitsHook && (isDrained || !stop.awaitsDrain)
        guard isPrepared || now >= stop.deadline else { return }
        stop.killTime = max(stop.deadline, now + PodLife.shortestGrace)
        outcome.actions.append(.terminate(run))
    }
}
