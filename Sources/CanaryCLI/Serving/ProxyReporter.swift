// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryProxy
import CanaryRouting
import CanaryStore
import Synchronization

/// Tells `runtime.db` what the proxy serves and what it counted: once a second, at each new table, at the end, and soon after
/// anything was counted, so that pages are up to date.
final class ProxyReporter: Sendable {
    private struct State {
        var record: ProxyRecord
        var runtime: RuntimeStore
        var hasReported = false
        var keptHouseAt: Int64?
        /// When the last report was written, and how long that took, in milliseconds.
        var writtenAt: Int64 = 0
        var cost: Int64 = 0
        var failure: String?
    }

    private static let heartbeatMilliseconds: Int64 = 1000
    /// How often what is counted is said to be still in use, and what is too old forgotten.
    private static let housekeepingMilliseconds: Int64 = 3_600_000

    private let proxy: Proxy
    private let identifiers: RoutingIdentifiers
    private let log: ServiceLog
    private let now: @Sendable () -> Int64
    private let state: Mutex<State>
    /// By which `runtime.db` knows the proxy.
    let id: String

    init(
        proxy: Proxy,
        identifiers: RoutingIdentifiers,
        log: ServiceLog,
        record: ProxyRecord,
        runtime: sending RuntimeStore,
        now: @escaping @Sendable () -> Int64
    ) {
        self.proxy = proxy
        self.identifiers = identifiers
        self.log = log
        self.now = now
        id = record.id
        state = Mutex(State(record: record, runtime: runtime))
    }

    /// Reports now. A failure loses nothing: the next report holds what this one would have.
    func report() {
        change { state throws(StoreError) in
            self.describeProxy(in: &state.record)
            let startedAt = self.now()
            let evidence = self.proxy.evidence()
            let isKnown = try state.runtime.report(
                state.record,
                writing: evidence.records,
                settling: evidence.finished
            )
            self.proxy.confirm(evidence)
            let isFirst = !state.hasReported
            if !isFirst, !isKnown { self.proxy.repeatEvidence() }
            state.hasReported = true
            state.writtenAt = self.now()
            state.cost = state.writtenAt - startedAt
            // The first report says that the proxy is there, which others wait for.
            if !isFirst { try self.keepHouse(&state) }
        }
    }

    private func describeProxy(in record: inout ProxyRecord) {
        let served = proxy.served
        record.appliedRevision = served?.revision ?? 0
        record.appliedCommit = served?.commit ?? ""
        record.admin = proxy.adminAddress
        record.listeners = proxy.listenerAddresses
        let staleness = proxy.staleness
        record.staleSince = staleness.map { $0.since * 1000 }
        record.problems = (staleness.map { [$0.reason] } ?? []) + proxy.problems
        record.damage = proxy.damage
        record.failing = proxy.failingEndpoints.map {
            .init(host: $0.host, address: $0.address.description, reason: $0.reason)
        }
    }

    /// Reports if there is anything to say: new counts, unless the last report took so long that reports would be all that the
    /// proxy does, or that it still runs.
    func reportIfDue() {
        let moment = now()
        let isDue = state.withLock { state in
            let age = moment - state.writtenAt
            if age < 0 || age >= Self.heartbeatMilliseconds {
                proxy.retry()
                return true
            }
            return age >= state.cost * 20 && proxy.evidence().isNews
        }
        if isDue { report() }
    }

    /// Hands in the last counts and takes the proxy off the list.
    func close() {
        change { state throws(StoreError) in
            let evidence = self.proxy.evidence()
            try state.runtime.remove(proxy: state.record.id, writing: evidence.records)
            self.proxy.confirm(evidence)
        }
    }

    /// What fails is worth a line in the log and nothing more, and what fails each second is worth one line altogether.
    private func change(_ body: (inout State) throws(StoreError) -> Void) {
        state.withLock { state in
            do throws(StoreError) {
                try body(&state)
                if state.failure != nil { log.inform("what is served and counted is reported again") }
                state.failure = nil
            } catch {
                if error.message != state.failure { log.warn(error.message) }
                state.failure = error.message
                state.writtenAt = now()
            }
        }
    }

    /// Forgets what proxies that were killed left behind, and what is too old; never what this one serves.
    private func keepHouse(_ state: inout State) throws(StoreError) {
        let moment = now()
        if let last = state.keptHouseAt, moment - last < Self.housekeepingMilliseconds, moment >= last {
            return
        }
        try state.runtime.renew(identifiers.counters.keys)
        try state.runtime.clean()
        state.keptHouseAt = moment
    }
}

extension EvidenceReport {
    fileprivate var isNews: Bool { !items.isEmpty || !finished.isEmpty }

    fileprivate var records: [EvidenceRecord] {
        items.map { EvidenceRecord(key: $0.key, part: $0.part, evidence: $0.evidence) }
    }
}
