// SPDX-License-Identifier: Apache-2.0

import CanaryMesh

/// When which address is checked next, and what the checks so far say of it. Knows no clock and no socket: times are
/// milliseconds of the caller's.
struct HealthSchedule {
    /// What is known of an address.
    struct Standing: Equatable {
        /// Until its first check an address is taken as it is announced.
        var isHealthy = true
        /// Whether any check has ended.
        var isKnown = false
        /// How many checks in a row said otherwise.
        fileprivate var contrary = 0
        /// Why the last check failed; empty where it did not.
        var reason = ""
    }

    private struct Entry {
        var target: HealthCheckTarget
        var standing = Standing()
        var dueAt: Int64
        var isUnderWay = false
    }

    /// First checks are spread over so many milliseconds, and one more for each address: a proxy that starts is no storm.
    static let firstSpread: Int64 = 500
    /// How many checks may be under way.
    static let atATime = 32

    private var entries: [EndpointAddress: Entry] = [:]
    private var underWay = 0

    /// Of an address that several Services want to be checked the first target counts. `random` is uniform over all 64-bit values.
    /// Those that are not wanted any more are forgotten; whether one of them was failing.
    mutating func follow(_ targets: [HealthCheckTarget], now: Int64, random: () -> UInt64) -> Bool {
        let wanted = Dictionary(targets.map { ($0.address, $0) }) { first, _ in first }
        var hasForgottenFailing = false
        for (address, entry) in entries where wanted[address] == nil {
            if entry.isUnderWay { underWay -= 1 }
            if !entry.standing.isHealthy { hasForgottenFailing = true }
            entries[address] = nil
        }
        let spread = Self.firstSpread + Int64(wanted.count)
        for (address, target) in wanted {
            if var entry = entries[address] {
                // Another check may say otherwise: it is asked at once, and what is under way does not count.
                if entry.target != target {
                    entry.dueAt = now
                    if entry.isUnderWay { underWay -= 1 }
                    entry.isUnderWay = false
                }
                entry.target = target
                entries[address] = entry
            } else {
                let limit = UInt64(max(min(spread, target.policy.intervalMilliseconds), 1))
                let delay = Int64(random().multipliedFullWidth(by: limit).high)
                entries[address] = Entry(target: target, dueAt: now + delay)
            }
        }
        return hasForgottenFailing
    }

    /// The addresses whose check begins now, those that have waited longest first.
    mutating func start(now: Int64) -> [HealthCheckTarget] {
        let room = Self.atATime - underWay
        guard room > 0 else { return [] }
        let due = entries.values.filter { !$0.isUnderWay && $0.dueAt <= now }
            .sorted { ($0.dueAt, $0.target.address.description) < ($1.dueAt, $1.target.address.description) }
            .prefix(room)
        for entry in due { entries[entry.target.address]?.isUnderWay = true }
        underWay += due.count
        return due.map(\.target)
    }

    /// When the next check is due; `nil` while none can begin.
    var nextDue: Int64? {
        underWay < Self.atATime ? entries.values.lazy.filter { !$0.isUnderWay }.map(\.dueAt).min() : nil
    }

    func isWanted(_ target: HealthCheckTarget) -> Bool { entries[target.address]?.target == target }

    /// Notes how a check ended, `nil` for well and else why not; whether the address is failing or not now, and was the other
    /// before. The first check decides at once. The next one comes after the interval, more or less by a tenth.
    mutating func end(_ address: EndpointAddress, failure: String?, now: Int64, random: UInt64) -> Bool {
        guard var entry = entries[address], entry.isUnderWay else { return false }
        entry.isUnderWay = false
        underWay -= 1
        let interval = entry.target.policy.intervalMilliseconds
        let jitter = Int64(random.multipliedFullWidth(by: UInt64(interval / 5 + 1)).high)
        entry.dueAt = now + interval - interval / 10 + jitter
        let was = entry.standing.isHealthy
        entry.standing.note(failure, entry.target.policy)
        entries[address] = entry
        return entry.standing.isHealthy != was
    }

    /// The addresses that failed.
    var failing: Set<EndpointAddress> { Set(entries.filter { !$0.value.standing.isHealthy }.keys) }

    /// What is known of those whose standing is asked for, by Service and address.
    func standings(
        where isAskedFor: (Standing) -> Bool = { _ in true }
    ) -> [(target: HealthCheckTarget, standing: Standing)] {
        entries.values.filter { isAskedFor($0.standing) }.map { ($0.target, $0.standing) }
            .sorted { ($0.0.host, $0.0.address.description) < ($1.0.host, $1.0.address.description) }
    }
}

extension HealthSchedule.Standing {
    fileprivate mutating func note(_ failure: String?, _ policy: HealthCheckPolicy) {
        let isGood = failure == nil
        reason = failure ?? ""
        contrary = isGood == isHealthy ? 0 : contrary + 1
        let needed = !isKnown ? 1 : isGood ? policy.healthyThreshold : policy.unhealthyThreshold
        isKnown = true
        guard contrary >= needed else { return }
        isHealthy = isGood
        contrary = 0
    }
}
