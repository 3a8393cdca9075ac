// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanarySystem
import Glibc
import Synchronization

/// Checks addresses beside the traffic, in a thread of its own: no request ever waits for it.
final class HealthChecker: Sendable {
    private struct State {
        var schedule = HealthSchedule()
        var generator = SystemRandomNumberGenerator()
        var isStopped = false
        /// An address that failed is not wanted any more.
        var hasForgotten = false

        mutating func takeForgotten() -> Bool {
            defer { hasForgotten = false }
            return hasForgotten
        }
    }

    private let state = Mutex(State())
    private let wakeEvent = EventDescriptor()

    /// What is to be checked from now on; checks of others end.
    func follow(_ targets: [HealthCheckTarget]) {
        state.withLock { state in
            var generator = state.generator
            let hasForgotten = state.schedule.follow(targets, now: Clock.monotonicMilliseconds()) {
                generator.next()
            }
            if hasForgotten { state.hasForgotten = true }
        }
        wakeEvent.signal()
    }

    func stop() {
        state.withLock { $0.isStopped = true }
        wakeEvent.signal()
    }

    /// What is known of those whose standing is asked for, by Service and address.
    func standings(
        where isAskedFor: (HealthSchedule.Standing) -> Bool = { _ in true }
    ) -> [(target: HealthCheckTarget, standing: HealthSchedule.Standing)] {
        state.withLock { $0.schedule.standings(where: isAskedFor) }
    }

    /// Checks until it is stopped; the body of a thread. `changed` is told the addresses that fail, each time that these are
    /// others.
    func run(_ changed: (Set<EndpointAddress>) -> Void) {
        var probes = HealthProbes()
        while !state.withLock({ $0.isStopped }) {
            let now = Clock.monotonicMilliseconds()
            let started = state.withLock { state in
                probes.forget { !state.schedule.isWanted($0) }
                return state.schedule.start(now: now)
            }
            for target in started { probes.start(target, now: now) }
            let next = state.withLock { $0.schedule.nextDue }
            let ended = probes.wait(wakeEvent, until: next, now: now)
            if let failing = note(ended) { changed(failing) }
        }
    }

    /// The addresses that fail, where these are others now.
    private func note(_ ended: [(target: HealthCheckTarget, failure: String?)]) -> Set<EndpointAddress>? {
        let now = Clock.monotonicMilliseconds()
        return state.withLock { state in
            var hasChanged = state.takeForgotten()
            for (target, failure) in ended where state.schedule.isWanted(target) {
                let random = state.generator.next()
                if state.schedule.end(target.address, failure: failure, now: now, random: random) {
                    hasChanged = true
                }
            }
            return hasChanged ? state.schedule.failing : nil
        }
    }
}

/// The checks that are under way. Belongs to one thread.
private struct HealthProbes: ~Copyable {
    private var probes: [EndpointAddress: HealthProbe] = [:]
    private var ended: [(target: HealthCheckTarget, failure: String?)] = []

    mutating func start(_ target: HealthCheckTarget, now: Int64) {
        do throws(SystemCallError) {
            probes[target.address] = try HealthProbe(target, now: now)
        } catch {
            ended.append((target, error.reason))
        }
    }

    /// Ends checks whose outcome nobody wants any more.
    mutating func forget(where isUnwanted: (HealthCheckTarget) -> Bool) {
        probes = probes.filter { !isUnwanted($0.value.target) }
    }

    /// Waits until something has happened, at most until a moment; the checks that ended.
    mutating func wait(_ wakeEvent: EventDescriptor, until next: Int64?, now: Int64) -> [(
        target: HealthCheckTarget, failure: String?
    )] {
        let open = Array(probes.values)
        let until = (open.map(\.deadline) + (next.map { [$0] } ?? [])).min()
        // What is over already is told at once.
        let pause = ended.isEmpty ? until.map { Int32(clamping: max($0 - now, 0) + 1) } ?? -1 : 0
        var watched = open.map { pollfd(fd: $0.descriptor, events: $0.events, revents: 0) }
        watched.append(pollfd(fd: wakeEvent.descriptor, events: Int16(POLLIN), revents: 0))
        unsafe poll(&watched, nfds_t(watched.count), pause)
        wakeEvent.clear()
        let later = Clock.monotonicMilliseconds()
        for (probe, events) in zip(open, watched) {
            var progress = HealthProbe.Progress.waiting
            if events.revents != 0 { progress = probe.advance() }
            if progress == .waiting, probe.deadline <= later { progress = .ended(failure: "timeout") }
            guard case .ended(let failure) = progress else { continue }
            probes[probe.target.address] = nil
            ended.append((probe.target, failure))
        }
        defer { ended = [] }
        return ended
    }
}
