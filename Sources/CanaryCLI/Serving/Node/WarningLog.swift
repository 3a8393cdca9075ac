// SPDX-License-Identifier: Apache-2.0

import CanaryNode
import CanaryReplicas
import CanaryResources
import CanarySystem
import Synchronization

/// Tells in the node's log of events that somebody may have to act on: what goes on and on once in ten minutes.
final class WarningLog: Sendable {
    private let log: ServiceLog
    /// When each was told last, in milliseconds of the monotonic clock.
    private let told = Mutex<[ResourceKey: [ObjectEvent: Int64]]>([:])

    private static let pauseMilliseconds: Int64 = 600_000
    /// Of each object. Messages may have anything in them, such as numbers that grow.
    private static let mostRemembered = 20

    init(_ log: ServiceLog) {
        self.log = log
    }

    func take(_ news: NodeNews) {
        let now = Clock.monotonicMilliseconds()
        for (key, event) in news.events where event.isWarning && !event.isExpected {
            guard isDue(event, of: key, at: now) else { continue }
            log.warn(
                "\(key.kind.rawValue.lowercased()) \(key.namespace)/\(key.name): \(event.reason): \(event.message)"
            )
        }
        told.withLock { told in
            for key in news.removed { told[key] = nil }
        }
    }

    private func isDue(_ event: ObjectEvent, of key: ResourceKey, at now: Int64) -> Bool {
        told.withLock { told in
            var own = told[key] ?? [:]
            if let last = own[event], now - last < Self.pauseMilliseconds { return false }
            if own.count >= Self.mostRemembered { own = [:] }
            own[event] = now
            told[key] = own
            return true
        }
    }
}
