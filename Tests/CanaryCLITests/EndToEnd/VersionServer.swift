// SPDX-License-Identifier: Apache-2.0

import CLinux
import CanarySystem
import CanaryProxy
import Glibc
import Synchronization

/// A server that stands for one version: it answers every request with its name, but those to `/hold` never. What it is asked with
/// `x-broken` fails, whatever the version.
final class VersionServer: Sendable {
    private final class Counter: Sendable {
        let value = Atomic(0)
    }

    let address: String
    private let listener: Int32
    private let held = Counter()
    private let failing = Counter()
    private let slow = Counter()
    private let seen = Seen()

    /// What it received: how often requests with `x-counted` were tried, and how many copies came.
    var tries: UInt64 { seen.counts.withLock(\.tries) }
    var copies: UInt64 { seen.counts.withLock(\.copies) }

    /// What came, and which requests failed once already.
    private final class Seen: Sendable {
        struct Counts {
            var tries: UInt64 = 0
            var copies: UInt64 = 0
            var failed: Set<Substring> = []
        }

        let counts = Mutex(Counts())

        /// Whether a try is to fail: the first one of each `x-fails`.
        func add(_ request: Loopback.Message) -> Bool {
            counts.withLock { counts in
                if request.field("host")?.hasSuffix("-shadow") == true {
                    counts.copies += 1
                    return false
                }
                guard request.field("x-counted") != nil else { return false }
                counts.tries += 1
                return request.field("x-fails").map { counts.failed.insert($0).inserted } ?? false
            }
        }
    }

    /// How many requests it has received and will not answer.
    var heldRequests: Int { held.value.load(ordering: .acquiring) }

    /// - Parameter fails: whether it answers 500.
    init(_ version: String, fails: Bool = false) throws {
        if fails { failing.value.store(500, ordering: .releasing) }
        (listener, address) = try Loopback.listen()
        let acceptor = Thread(name: "accept") { [listener, held, failing, slow, seen] in
            while true {
                let descriptor = accept(listener, nil, nil)
                guard descriptor >= 0 else { return }
                Thread(name: "answer") { Self.serve(descriptor, version, failing, slow, held, seen) }?
                    .detach()
            }
        }
        acceptor?.detach()
    }

    /// From now on it answers with this status.
    func fail(with status: Int = 500) {
        failing.value.store(status, ordering: .releasing)
    }

    /// From now on it takes so long to answer.
    func slowDown(milliseconds: Int) {
        slow.value.store(milliseconds, ordering: .releasing)
    }

    deinit {
        // Wakes the thread that accepts; the descriptor itself stays open, so that no other socket takes its number.
        shutdown(listener, Int32(SHUT_RDWR))
    }

    private static func serve(
        _ descriptor: Int32,
        _ version: String,
        _ failing: Counter,
        _ slow: Counter,
        _ held: Counter,
        _ seen: Seen
    ) {
        let connection = Loopback(descriptor: descriptor)
        while let request = connection.receive() {
            if request.startLine.contains("/hold") {
                held.value.add(1, ordering: .releasing)
            } else {
                usleep(UInt32(slow.value.load(ordering: .acquiring) * 1000))
                let failure = failing.value.load(ordering: .acquiring)
                let isBroken = request.field("x-broken") != nil
                let answer = failure != 0 ? "\(failure) No" : isBroken ? "500 No" : "200 OK"
                let status = seen.add(request) ? "503 No" : answer
                connection.send(
                    "HTTP/1.1 \(status)\r\ncontent-length: \(version.utf8.count)\r\n\r\n\(version)"
                )
            }
        }
    }
}
