// SPDX-License-Identifier: Apache-2.0

/// Which endpoints of a cluster are ejected: Envoy's `DetectorImpl` as a state machine over endpoint numbers, with the time
/// (milliseconds of a clock that never goes back) as an argument. Not for the request path: it is asked when
/// ``EndpointErrors/count(_:_:)`` has found an outlier, and once in an interval.
struct OutlierDetector: Sendable {
    private struct Record {
        /// By how many base times the next ejection lasts.
        var times: UInt32 = 0
        /// When it was ejected; `nil` while it gets requests.
        var ejectedAt: Int64?
    }

    private var records: [UInt64: Record] = [:]
    private var policy: OutlierPolicy
    /// When ``sweep(now:)`` is to be called.
    private(set) var nextSweep: Int64
    private(set) var ejectedCount = 0

    init(_ policy: OutlierPolicy, now: Int64) {
        self.policy = policy
        nextSweep = now &+ policy.intervalMilliseconds
    }

    /// Takes over the cluster's endpoints and policy as a new table has them. Those that stay keep their state; what is ejected
    /// stays so, even if the policy is gone, until its time is over.
    mutating func update(_ endpoints: some Sequence<UInt64>, _ policy: OutlierPolicy) {
        var kept: [UInt64: Record] = [:]
        for id in endpoints { kept[id] = records[id] ?? Record() }
        records = kept
        self.policy = policy
        ejectedCount = kept.values.count { $0.ejectedAt != nil }
    }

    func isEjected(_ id: UInt64) -> Bool { records[id]?.ejectedAt != nil }

    /// An endpoint was found to be an outlier. Whether it is ejected now: not if it already is, or if too many are.
    mutating func eject(_ id: UInt64, now: Int64) -> Bool {
        guard policy.isOn, var record = records[id], record.ejectedAt == nil,
            policy.mayEject(ejected: ejectedCount, of: records.count)
        else { return false }
        record.ejectedAt = now
        let longest = policy.ejectionMilliseconds(times: .max)
        // Envoy stops multiplying once the longest time is reached.
        let next = Int64(record.times) * policy.baseEjectionMilliseconds
        if next < longest + policy.baseEjectionMilliseconds { record.times += 1 }
        records[id] = record
        ejectedCount += 1
        return true
    }

    /// Brings endpoints back whose time is over: their numbers, in order; ``EndpointErrors`` of those begin anew. Those that
    /// have been well for an interval are ejected for shorter the next time.
    mutating func sweep(now: Int64) -> [UInt64] {
        nextSweep = now &+ policy.intervalMilliseconds
        var returned: [UInt64] = []
        for (id, record) in records {
            guard let ejectedAt = record.ejectedAt else {
                if record.times > 0 { records[id]?.times -= 1 }
                continue
            }
            guard policy.ejectionMilliseconds(times: record.times) <= now - ejectedAt else { continue }
            records[id]?.ejectedAt = nil
            ejectedCount -= 1
            returned.append(id)
        }
        return returned.sorted()
    }
}
