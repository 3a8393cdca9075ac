// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CanaryProxy
import Glibc
import Synchronization

/// A server that stands for one version: it answers every request with its name, but those to `/hold` never.
final class VersionServer: Sendable {
    private final class Counter: Sendable {
        let value = Atomic(0)
    }

    let address: String
    private let listener: Int32
    private let held = Counter()

    /// How many requests it has received and will not answer.
    var heldRequests: Int { held.value.load(ordering: .acquiring) }

    init(_ version: String) throws {
        (listener, address) = try Loopback.listen()
        let acceptor = Thread(name: "accept") { [listener, held] in
            while true {
                let descriptor = accept(listener, nil, nil)
                guard descriptor >= 0 else { return }
                Thread(name: "answer") { Self.serve(descriptor, version, held) }?.detach()
            }
        }
        acceptor?.detach()
    }

    deinit {
        // Wakes the thread that accepts; the descriptor itself stays open, so that no other socket takes its number.
        shutdown(listener, Int32(SHUT_RDWR))
    }

    private static func serve(_ descriptor: Int32, _ version: String, _ held: Counter) {
        let connection = Loopback(descriptor: descriptor)
        while let request = connection.receive() {
            if request.startLine.contains("/hold") {
                held.value.add(1, ordering: .releasing)
            } else {
                connection.send("HTTP/1.1 200 OK\r\ncontent-length: \(version.utf8.count)\r\n\r\n\(version)")
            }
        }
    }
}
