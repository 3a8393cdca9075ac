// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CLinux
import Glibc
import Synchronization

@testable import CanaryProxy

/// A small upstream on a free port: each connection is handled by a closure, on a thread of its own.
final class TestOrigin: Sendable {
    typealias Handler = @Sendable (TestConnection, _ number: Int) throws -> Void

    let port: UInt16
    private let descriptor: Int32
    let connections = Atomic<Int>(0)

    /// Every connection goes through `handle`; its number counts from 0. Errors end the connection.
    init(at place: String = "127.0.0.1:0", receiveBuffer: Int32 = 0, _ handle: @escaping Handler) throws {
        let address = try ListenerOpener.parse(place)
        descriptor = try Socket.listen(on: address, shared: false).get()
        if receiveBuffer > 0 { TestConnection.narrow(descriptor, to: receiveBuffer) }
        _ = fcntl(descriptor, F_SETFL, 0)
        port = SocketAddress(boundTo: descriptor).port
        let descriptor = descriptor
        let thread = Thread(name: "origin") { [weak self] in
            while true {
                let accepted = canary_accept4(descriptor, nil, nil, Int32(SOCK_CLOEXEC.rawValue))
                // Only this thread closes: it would take another listener of the same number for its own.
                guard accepted >= 0, let origin = self else {
                    if accepted >= 0 { close(accepted) }
                    close(descriptor)
                    return
                }
                let number = origin.connections.add(1, ordering: .relaxed).oldValue
                let handler = Thread(name: "origin-client") {
                    let connection = TestConnection(descriptor: accepted)
                    try? handle(connection, number)
                }
                handler?.detach()
            }
        }
        thread?.detach()
    }

    /// Answers every request of every connection by `answer`, which returns a whole response.
    convenience init(
        at place: String = "127.0.0.1:0",
        answer: @escaping @Sendable (TestConnection.Message) -> String
    ) throws {
        try self.init(at: place) { connection, _ in
            while true { try connection.send(answer(try connection.readMessage())) }
        }
    }

    /// Answers with the name it was given.
    convenience init(named name: String, at place: String = "127.0.0.1:0") throws {
        try self.init(at: place) { _ in Self.response(name) }
    }

    deinit {
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    static func response(_ body: String, status: String = "200 OK", fields: [String] = []) -> String {
        let lines = fields.map { $0 + "\r\n" }.joined()
        return "HTTP/1.1 \(status)\r\n\(lines)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    /// A port on which nobody listens.
    /// - Parameter range: below those that the system gives to whoever asks for any.
    static func unusedPort(in range: Range<UInt16> = 15_100..<32_000) throws -> UInt16 {
        while true {
            let address = try ListenerOpener.parse("127.0.0.1:\(UInt16.random(in: range))")
            guard let descriptor = try? Socket.listen(on: address, shared: false).get() else { continue }
            close(descriptor)
            return address.port
        }
    }
}
