// SPDX-License-Identifier: Apache-2.0

import CanaryReplicas
import CanaryResources
import CanaryStore
import CanarySystem
import Synchronization

/// Writes what happens to objects into `runtime.db`, once a second at most: what happens again and again is one row that counts.
final class EventReporter: Sendable {
    private struct Subject: Hashable {
        var object: ResourceKey
        var event: ObjectEvent
    }

    private let waiting = Mutex<[Subject: EventRecord]>([:])
    private let runtime: Mutex<RuntimeStore>
    private let log: ServiceLog
    private let now: @Sendable () -> Int64

    private static let pauseMilliseconds: Int32 = 1000
    /// More than these wait for no file: the file that cannot be written may be a full disk.
    private static let mostWaiting = 1000

    init(_ location: StoreLocation, _ log: ServiceLog, now: @escaping @Sendable () -> Int64) {
        runtime = Mutex(RuntimeStore(at: location) { [log] in log.warn($0) })
        self.log = log
        self.now = now
    }

    func note(_ event: ObjectEvent, of object: ResourceKey) {
        let moment = now()
        let subject = Subject(object: object, event: event)
        waiting.withLock { waiting in
            if waiting[subject] == nil, waiting.count >= Self.mostWaiting { return }
            var record =
                waiting[subject]
                ?? EventRecord(
                    of: object,
                    isWarning: event.isWarning,
                    reason: event.reason,
                    message: event.message,
                    count: 0,
                    first: moment,
                    last: moment
                )
            record.count += 1
            record.last = moment
            waiting[subject] = record
        }
    }

    /// Until the stop signal, and what happened until then.
    func run(until stop: EventDescriptor) {
        var told = ""
        while !stop.wait(milliseconds: Self.pauseMilliseconds) {
            let failure = write()
            if let failure, failure != told { log.warn("\(failure); events are not kept") }
            told = failure ?? ""
        }
        write()
    }

    /// What could not be written waits for the next time.
    ///
    /// - Returns: why it could not.
    @discardableResult
    private func write() -> String? {
        let taken = waiting.withLock { waiting in
            defer { waiting = [:] }
            return waiting
        }
        guard !taken.isEmpty else { return nil }
        return runtime.withLock { runtime in
            do throws(StoreError) {
                try runtime.add(taken.values.sorted { ($0.last, $0.message) < ($1.last, $1.message) })
                return nil
            } catch {
                waiting.withLock { waiting in
                    waiting.merge(taken) { later, earlier in
                        var sum = later
                        sum.count += earlier.count
                        sum.first = earlier.first
                        return sum
                    }
                }
                return error.message
            }
        }
    }
}
