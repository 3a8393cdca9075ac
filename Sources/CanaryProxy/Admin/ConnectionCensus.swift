// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import Synchronization

/// What pages tell of a client's connection.
struct ConnectionRecord: Sendable {
    /// What is spoken over it, as far as that is known.
    enum Language: String, Sendable {
        /// Nothing yet: TLS is agreed on.
        case unknown = ""
        case http1 = "HTTP/1.1"
        case http2 = "HTTP/2"
        case tcp = "TCP"
    }

    enum State: String, Sendable {
        case handshake, idle, active, switched, closing
    }

    struct Security: Sendable {
        /// As it goes over the wire: 0x0304 is 1.3.
        var version: Int32
        /// What was agreed on by ALPN; empty for nothing.
        var agreedProtocol: String
        var isResumed: Bool

        var versionName: String { "TLSv1.\(version - 0x0301)" }
    }

    /// Bytes of TCP, TLS and frames included.
    struct Traffic: Sendable {
        var received: UInt64
        var sent: UInt64
    }

    var worker: Int
    var peer: PeerAddress
    /// The proxy's own number of the listener that accepted it.
    var listener: Int
    var ageMilliseconds: Int64
    var language: Language
    var state: State
    /// `nil` without TLS.
    var security: Security?
    var requests: UInt32
    /// Those that are open; 0 where there can be none.
    var streams: Int
    /// `nil` where the kernel does not tell.
    var traffic: Traffic?
}

/// Asks the workers for their connections. Each answers in its own time, with a bounded number, so that nobody who asks holds one
/// up; of those that take too long nothing is told.
final class ConnectionCensus: Sendable {
    struct Answer: Sendable {
        /// The newest of each worker first.
        var connections: [ConnectionRecord] = []
        /// How many there are.
        var total = 0
        /// How many workers did not answer in time.
        var silentWorkers = 0

        /// What is left out, for people.
        var warnings: [String] {
            let more = total - connections.count
            let left = more > 0 ? ["\(more) more connections are not shown"] : []
            let silent = silentWorkers > 0 ? ["\(silentWorkers) workers did not answer in time"] : []
            return left + silent
        }
    }

    private struct Part {
        var round = 0
        var connections: [ConnectionRecord] = []
        var total = 0
    }

    /// How many connections are told of at most, over all workers.
    static let most = 1000
    /// How long workers may take, in milliseconds.
    private static let patience: Int64 = 1000

    private let parts: Mutex<[Part]>
    private let round = Atomic<Int>(0)
    private let answered = EventDescriptor()

    init(workers: Int) {
        parts = Mutex(Array(repeating: Part(), count: workers))
    }

    /// Has all workers answer, which `wakes` wake, and waits for them.
    func take(_ wakes: [EventDescriptor]) -> Answer {
        let asked = round.add(1, ordering: .acquiringAndReleasing).newValue
        for wake in wakes { wake.signal() }
        let end = Clock.monotonicMilliseconds() + Self.patience
        while parts.withLock({ $0.contains { $0.round < asked } }) {
            let left = end - Clock.monotonicMilliseconds()
            guard left > 0 else { break }
            // Of several that ask, one may have cleared what another waits for.
            answered.wait(milliseconds: Int32(clamping: min(left, 20)))
            answered.clear()
        }
        return parts.withLock { parts in
            parts.reduce(into: Answer()) { answer, part in
                guard part.round >= asked else {
                    answer.silentWorkers += 1
                    return
                }
                answer.connections += part.connections
                answer.total += part.total
            }
        }
    }

    // MARK: - The workers' side

    /// The question that a worker has not answered yet, and how many connections it may tell of; `nil` for none.
    func question(for worker: Int) -> (round: Int, most: Int)? {
        let asked = round.load(ordering: .acquiring)
        return parts.withLock { parts in
            parts[worker].round < asked ? (asked, max(1, Self.most / parts.count)) : nil
        }
    }

    func answer(_ round: Int, _ connections: [ConnectionRecord], of total: Int, worker: Int) {
        parts.withLock { $0[worker] = Part(round: round, connections: connections, total: total) }
        answered.signal()
    }
}
