// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CanaryTestSupport
import Glibc
import Synchronization
import Testing

/// Clients that ask a host one request after the other.
final class Clients: Sendable {
    private struct Tally {
        var requests: Int64 = 0
        var failures: Int64 = 0
        var lost: Int64 = 0
        var bodies: [String: Int] = [:]
        var running = 0
        var isEnding = false
    }

    private final class Shared: Sendable {
        let tally = Mutex(Tally())
    }

    private let shared = Shared()

    var requests: Int64 { shared.tally.withLock(\.requests) }
    var failures: Int64 { shared.tally.withLock(\.failures) }
    /// Connections that ended without an answer: their clients stop.
    var lost: Int64 { shared.tally.withLock(\.lost) }
    /// How many answers had which body.
    var bodies: [String: Int] { shared.tally.withLock(\.bodies) }

    convenience init(on scene: Scene, host: String = "helloworld", header: @escaping Header = { _ in "" })
        throws
    {
        try self.init(at: try Scene.listener(of: scene.proxy), host: host, header: header)
    }

    /// What a client sends with its so-manieth request: lines, each with its end.
    typealias Header = @Sendable (_ number: Int) -> String

    /// - Parameters:
    ///   - pause: of each client between an answer and its next request, in milliseconds.
    ///   - connectsEachTime: whether each request has a connection of its own.
    init(
        at address: String,
        host: String = "helloworld",
        clients: Int = 2,
        pause: UInt32 = 1,
        connectsEachTime: Bool = false,
        header: @escaping Header = { _ in "" }
    ) throws {
        for number in 0..<clients {
            let client = try Loopback(to: address)
            let next: Next = { connectsEachTime || $0 ? try? Loopback(to: address) : nil }
            Self.start(client, next, pause, shared) {
                let close = connectsEachTime ? "connection: close\r\n" : ""
                return "GET / HTTP/1.1\r\nhost: \(host)\r\n\(close)\(header($0 * clients + number))\r\n"
            }
        }
    }

    /// Another connection for the next request, if that is to have one, or the server has said that it closes the present one.
    private typealias Next = @Sendable (_ isClosed: Bool) -> Loopback?

    private static func start(
        _ client: sending Loopback,
        _ next: @escaping Next,
        _ pause: UInt32,
        _ shared: Shared,
        _ request: @escaping Header
    ) {
        shared.tally.withLock { $0.running += 1 }
        Thread(name: "client") {
            var client = client
            var number = 0
            repeat {
                client.send(request(number))
                number += 1
                guard let answer = client.receive() else {
                    shared.tally.withLock { $0.lost += 1 }
                    break
                }
                shared.tally.withLock { tally in
                    tally.requests += 1
                    tally.bodies[answer.body, default: 0] += 1
                    if !answer.startLine.contains(" 200 ") { tally.failures += 1 }
                }
                usleep(pause * 1000)
                // Without a new one, the next request finds the old one closed, and counts as lost.
                client = next(answer.field("connection") == "close") ?? client
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
