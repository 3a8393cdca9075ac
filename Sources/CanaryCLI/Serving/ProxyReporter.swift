// SPDX-License-Identifier: Apache-2.0

import CanaryModel
import CanaryProxy
import CanaryStore
import Synchronization

/// Tells `runtime.db` what the proxy serves and what it counted: once a second, at each new table, and at the end.
final class ProxyReporter: Sendable {
    private struct State {
        var record: ProxyRecord
        var runtime: RuntimeStore
        var ledger = TrafficLedger()
    }

    private let proxy: Proxy
    private let identifiers: RoutingIdentifiers
    private let state: Mutex<State>

    init(proxy: Proxy, identifiers: RoutingIdentifiers, record: ProxyRecord, runtime: sending RuntimeStore) {
        self.proxy = proxy
        self.identifiers = identifiers
        state = Mutex(State(record: record, runtime: runtime))
    }

    /// Forgets what proxies that were killed left behind.
    func clean() throws(StoreError) {
        try state.withLock { state throws(StoreError) in try state.runtime.clean() }
    }

    /// Reports now. A failure loses nothing: the next report holds what this one would have.
    ///
    /// - Parameter revision: the revision of a new table; `nil` where it is still the last one.
    func report(applied revision: Int64? = nil) throws(StoreError) {
        try state.withLock { state throws(StoreError) in
            if let revision { state.record.appliedRevision = revision }
            state.record.listeners = proxy.listenerAddresses
            let totals = proxy.counters().mapValues(TrafficLedger.Total.init)
            try state.runtime.report(
                state.record,
                adding: state.ledger.growth(totals, identifiers: identifiers)
            )
            state.ledger.confirm(totals)
        }
    }

    /// Hands in the last counts and takes the proxy off the list.
    func close() throws(StoreError) {
        try state.withLock { state throws(StoreError) in
            let totals = proxy.counters().mapValues(TrafficLedger.Total.init)
            let growth = state.ledger.growth(totals, identifiers: identifiers)
            try state.runtime.remove(proxy: state.record.id, adding: growth)
            state.ledger.confirm(totals)
        }
    }
}
