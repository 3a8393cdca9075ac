// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Which endpoints of a cluster are ejected, and since when each gets requests: what all workers share where a DestinationRule
/// has `outlierDetection` or warm-up. Times are milliseconds of one clock that never goes back.
///
/// There is no timer: whoever looks makes up for the sweeps that were due since the last look, each at its time, so that what
/// is seen does not depend on who looks when.
package final class ClusterHealth: Sendable {
    /// What a worker goes by until ``version(now:)`` is another.
    package struct View: Sendable {
        package var version = 0
        package var ejected: Set<UInt64> = []
        /// By endpoint; where endpoints warm up.
        package var joinedAt: [UInt64: Int64] = [:]

        package init() {}
    }

    private struct State {
        var policy = OutlierPolicy.none
        /// As the table has them, names included.
        var endpoints: Set<UInt64> = []
        /// Of those that are names, the addresses.
        var addresses: [UInt64: Set<UInt64>] = [:]
        /// Whom requests go to: endpoints, and the addresses of names.
        var members: Set<UInt64> = []
        /// From the first look on.
        var detector: OutlierDetector?
        var errors: [UInt64: EndpointErrors] = [:]
        var joinedAt: [UInt64: Int64] = [:]
        var ejections: UInt64 = 0
        var version = 0
    }

    /// How many sweeps are made up for one by one; older ones change nothing that is left to see.
    private static let mostSweeps = 1000

    private let state = Mutex(State())
    private let version = Atomic<Int>(0)
    private let nextSweep = Atomic<Int64>(.max)
    /// How many endpoints have errors in a row.
    private let suspects = Atomic<Int>(0)

    package init() {}

    /// Takes over endpoints and policy as a new table has them. `resolved` are the addresses of names, as far as they are known.
    package func update(
        _ endpoints: Set<UInt64>,
        _ policy: OutlierPolicy,
        resolved: [UInt64: Set<UInt64>] = [:]
    ) {
        state.withLock { state in
            state.policy = policy
            state.endpoints = endpoints
            adopt(resolved, &state)
        }
    }

    /// Takes over the addresses of names.
    package func resolve(_ resolved: [UInt64: Set<UInt64>]) {
        state.withLock { state in
            guard state.endpoints.contains(where: { resolved[$0] != state.addresses[$0] }) else { return }
            adopt(resolved, &state)
        }
    }

    private func adopt(_ resolved: [UInt64: Set<UInt64>], _ state: inout State) {
        state.addresses = resolved.filter { state.endpoints.contains($0.key) }
        let members = state.endpoints.reduce(into: Set<UInt64>()) { members, endpoint in
            if let addresses = state.addresses[endpoint], !addresses.isEmpty {
                members.formUnion(addresses)
            } else {
                members.insert(endpoint)
            }
        }
        let isChanged = members != state.members
        state.members = members
        state.detector?.update(members, state.policy)
        guard isChanged else { return }
        let all = members.union(state.endpoints)
        state.joinedAt = state.joinedAt.filter { all.contains($0.key) }
        state.errors = state.errors.filter { members.contains($0.key) }
        publish(&state)
    }

    // MARK: - Looking

    /// The version of the present ``View``.
    package func version(now: Int64) -> Int {
        if nextSweep.load(ordering: .relaxed) <= now {
            state.withLock { settle(&$0, now) }
        }
        return version.load(ordering: .acquiring)
    }

    package func view(now: Int64) -> View {
        state.withLock { state in
            settle(&state, now)
            for id in state.members.union(state.endpoints) where state.joinedAt[id] == nil {
                state.joinedAt[id] = now
            }
            var view = View()
            (view.version, view.ejected, view.joinedAt) = (state.version, ejected(state), state.joinedAt)
            return view
        }
    }

    /// Who is ejected, for those who only look: an endpoint joins when a worker does.
    package func ejected(now: Int64) -> Set<UInt64> {
        state.withLock { state in
            settle(&state, now)
            return ejected(state)
        }
    }

    /// A name is, when all of its addresses are.
    private func ejected(_ state: State) -> Set<UInt64> {
        let members = state.members.filter { state.detector?.isEjected($0) == true }
        guard !members.isEmpty else { return members }
        let names = state.addresses.filter { !$0.value.isEmpty && $0.value.isSubset(of: members) }
        return members.union(names.keys)
    }

    /// How often endpoints were ejected.
    package var ejections: UInt64 { state.withLock(\.ejections) }

    // MARK: - Reports

    /// Tells what a request learnt of an endpoint, with the policy of the request's table. Whether it is ejected by that.
    @discardableResult
    package func report(_ report: EndpointReport, of id: UInt64, _ policy: OutlierPolicy, now: Int64) -> Bool
    {
        // Good news of endpoints of which nothing bad is known.
        if !report.isError(policy), suspects.load(ordering: .relaxed) == 0 { return false }
        return state.withLock { state in
            settle(&state, now)
            guard state.policy.isOn, state.members.contains(id) else { return false }
            let kinds = state.errors[id, default: EndpointErrors()].count(report, state.policy)
            if state.errors[id] == EndpointErrors() { state.errors[id] = nil }
            var isEjected = false
            if !kinds.isEmpty { isEjected = state.detector?.eject(id, now: now) == true }
            if isEjected {
                state.ejections += 1
                publish(&state)
            } else {
                suspects.store(state.errors.count, ordering: .relaxed)
            }
            return isEjected
        }
    }

    // MARK: - Sweeps

    private func settle(_ state: inout State, _ now: Int64) {
        guard state.policy.isOn || state.detector != nil else { return }
        if state.detector == nil {
            state.detector = OutlierDetector(state.policy, now: now)
            state.detector?.update(state.members, state.policy)
        }
        var returned: [UInt64] = []
        for _ in 0..<Self.mostSweeps {
            guard let due = state.detector?.nextSweep, due <= now else { break }
            returned += state.detector?.sweep(now: due) ?? []
        }
        if let due = state.detector?.nextSweep, due <= now {
            returned += state.detector?.sweep(now: now) ?? []
        }
        for id in returned { state.errors[id] = nil }
        nextSweep.store(state.detector?.nextSweep ?? .max, ordering: .relaxed)
        if !returned.isEmpty { publish(&state) }
    }

    private func publish(_ state: inout State) {
        state.version += 1
        suspects.store(state.errors.count, ordering: .relaxed)
        version.store(state.version, ordering: .releasing)
    }
}

extension EndpointReport {
    fileprivate func isError(_ policy: OutlierPolicy) -> Bool {
        switch self {
        case .connected: false
        case .answered(let status): policy.classify(status).isError
        case .connectionFailed, .timedOut: true
        }
    }
}
