// SPDX-License-Identifier: Apache-2.0

import CanaryModel
import CanaryProxy
import CanaryStore

/// Turns the proxy's running totals into what has been counted since the last report, in the words of `runtime.db`.
struct TrafficLedger {
    /// Requests and errors of a destination.
    struct Total: Equatable {
        var requests: Int64 = 0
        var errors: Int64 = 0
    }

    private var reported: [UInt32: Total] = [:]

    /// The growth since the totals that were confirmed last. Nothing is lost when a report fails: the next one holds it.
    func growth(_ totals: [UInt32: Total], identifiers: RoutingIdentifiers) -> [TrafficCount] {
        totals.compactMap { counter, total in
            let before = reported[counter] ?? Total()
            guard total != before, let key = identifiers.counter(counter)?.key else { return nil }
            return TrafficCount(
                host: key.host,
                route: key.routeText,
                since: key.since,
                destination: key.destinationText,
                requests: total.requests - before.requests,
                errors: total.errors - before.errors
            )
        }
    }

    mutating func confirm(_ totals: [UInt32: Total]) {
        reported = totals
    }
}

extension TrafficLedger.Total {
    init(_ snapshot: CounterSnapshot) {
        requests = Int64(clamping: snapshot.assigned)
        errors = snapshot.answers.reduce(0) { $1.key.status >= 500 ? $0 + Int64(clamping: $1.value) : $0 }
    }
}

extension RouteCounterKey {
    /// The route as `runtime.db` names it.
    var routeText: String { "\(virtualService)#\(route)" }

    /// The destination as `runtime.db` names it.
    var destinationText: String { version.isEmpty ? String(destination) : "\(destination)/\(version)" }
}
