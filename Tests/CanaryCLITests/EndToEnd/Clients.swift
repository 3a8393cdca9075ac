// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CanaryTestSupport
import Glibc
import Synchronization
import Testing

/// Clients that ask a host as fast as they get answers.
final class Clients: Sendable {
    private struct Tally {
        var requests: Int64 = 0
        var failures: Int64 = 0
        var running = 0
        var isEnding = false
    }

    private final class Shared: Sendable {
        let tally = Mutex(Tally())
    }

    private let shared = Shared()

    var requests: Int64 { shared.tally.withLock(\.requests) }
    var failures: Int64 { shared.tally.withLock(\.failures) }

    convenience init(on scene: Scene, host: String = "helloworld", header: @escaping Header = { _ in "" })
        throws
    {
        try self.init(at: try Scene.listener(of: scene.proxy), host: host, header: header)
    }

    /// What a client sends with its so-manieth request: lines, each with its end.
    typealias Header = @Sendable (_ number: Int) -> String

    init(
        at address: String,
        host: String = "helloworld",
        clients: Int = 2,
        header: @escaping Header = { _ in "" }
    ) throws {
        for number in 0..<clients {
            let client = try Loopback(to: address)
            Self.start(client, host, shared) { header($0 * clients + number) }
        }
    }

    private static func start(
        _ client: sending Loopback,
        _ host: String,
        _ shared: Shared,
        _ header: @escaping Header
    ) {
        shared.tally.withLock { $0.running += 1 }
        Thread(name: "client") {
            var number = 0
            repeat {
                client.send("GET / HTTP/1.1\r\nhost: \(host)\r\n\(header(number))\r\n")
                number += 1
                guard let answer = client.receive() else { break }
                shared.tally.withLock { tally in
                    tally.requests += 1
                    if !answer.startLine.contains(" 200 ") { tally.failures += 1 }
                }
                usleep(1000)
            } while !shared.tally.withLock(\.isEnding)
            shared.tally.withLock { $0.running -= 1 }
        }?.detach()
    }

    deinit {
        shared.tally.withLock { $0.isEnding = true }
    }

    /// Waits for the last answers.
    func end() {
        shared.tally.withLock { $0.isEnding = true }
        #expect(eventually { self.shared.tally.withLock { $0.running == 0 } })
    }
}
