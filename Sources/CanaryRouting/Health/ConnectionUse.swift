// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// What is under way at a cluster over all workers, for ``ConnectionLimits``, and what did not fit. As Envoy's resource
/// managers it is looked at and raised in two steps: workers that do so at the same instant may pass a limit by one each.
package final class ConnectionUse: Sendable {
    package enum Kind: CaseIterable, Sendable {
        case connections, pendingRequests, requests, retries
    }

    private let connections = Atomic<Int>(0)
    private let pendingRequests = Atomic<Int>(0)
    private let requests = Atomic<Int>(0)
    private let retries = Atomic<Int>(0)
    private let pendingOverflows = Atomic<UInt64>(0)
    private let connectionOverflows = Atomic<UInt64>(0)
    private let retryOverflows = Atomic<UInt64>(0)

    package init() {}

    package var now: ConnectionLimits.Use {
        var use = ConnectionLimits.Use()
        use.connections = count(connections)
        use.pendingRequests = count(pendingRequests)
        use.requests = count(requests)
        use.retries = count(retries)
        return use
    }

    private func count(_ number: borrowing Atomic<Int>) -> UInt32 {
        UInt32(clamping: number.load(ordering: .relaxed))
    }

    package func add(_ difference: Int, to kind: Kind) {
        switch kind {
        case .connections: connections.add(difference, ordering: .relaxed)
        case .pendingRequests: pendingRequests.add(difference, ordering: .relaxed)
        case .requests: requests.add(difference, ordering: .relaxed)
        case .retries: retries.add(difference, ordering: .relaxed)
        }
    }

    // MARK: - Overflow

    /// How often something did not fit: requests that were refused (Envoy's `upstream_rq_pending_overflow`), connections that
    /// were not opened (`upstream_cx_overflow`), retries that were not made (`upstream_rq_retry_overflow`).
    package struct Overflows: Sendable, Equatable {
        package var requests: UInt64 = 0
        package var connections: UInt64 = 0
        package var retries: UInt64 = 0

        package init() {}
    }

    package var overflows: Overflows {
        var sum = Overflows()
        sum.requests = pendingOverflows.load(ordering: .relaxed)
        sum.connections = connectionOverflows.load(ordering: .relaxed)
        sum.retries = retryOverflows.load(ordering: .relaxed)
        return sum
    }

    package func countRefused() { pendingOverflows.add(1, ordering: .relaxed) }
    package func countWithoutConnection() { connectionOverflows.add(1, ordering: .relaxed) }
    package func countWithoutRetry() { retryOverflows.add(1, ordering: .relaxed) }
}
