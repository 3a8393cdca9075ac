// SPDX-License-Identifier: Apache-2.0

import CLinux
import CanarySystem
import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryProxy

/// What one process tells the next, and what the next makes of what is no such thing.
struct HandOverMessageTests {
    /// Two connected sockets; the first says `bytes`, and no more.
    private static func receive(_ bytes: [UInt8], _ inheritance: Inheritance) throws -> String? {
        var ends: [Int32] = [-1, -1]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0)
        defer { close(ends[1]) }
        let first = ends[0]
        Thread(name: "sender") {
            _ = send(first, bytes, bytes.count, Int32(MSG_NOSIGNAL))
            close(first)
        }?.detach()
        return HandOverMessage.receive(inheritance, over: ends[1])
    }

    @Test func `sockets and keys arrive as they were, many at a time`() throws {
        let address = try #require(SocketAddress(host: "127.0.0.1", port: 0))
        let sockets = try (0..<150).map { number in
            let descriptor = try Socket.listen(on: address, shared: false).get()
            let use: InheritedSocket.Use =
                number == 0 ? .listen("127.0.0.1:0") : number == 1 ? .admin("[::1]:0") : .table
            return InheritedSocket(
                socket: ListeningSocket(descriptor),
                address: SocketAddress(boundTo: descriptor),
                inode: 0,
                use: use,
                name: number == 2 ? "edge socket" : nil
            )
        }
        let keys = try #require(TicketKeys())
        var ends: [Int32] = [-1, -1]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0)
        let first = ends[0]
        Thread(name: "sender") {
            _ = HandOverMessage.send(sockets, keys, over: first)
            close(first)
        }?.detach()
        let inheritance = Inheritance()
        #expect(HandOverMessage.receive(inheritance, over: ends[1]) == nil)
        close(ends[1])
        let received = try #require(inheritance.takeTicketKeys())
        #expect(received.withBytes { $0 } == keys.withBytes { $0 })
        #expect(inheritance.activated.map(\.name) == ["edge socket"])
        // By what was asked for where the port was free to choose, else by the address; once, unless a manager has it.
        #expect(inheritance.claim(address, for: .listen("127.0.0.1:0")).count == 1)
        #expect(inheritance.claim(address, for: .listen("127.0.0.1:0")).isEmpty)
        for (number, socket) in sockets.enumerated().dropFirst() {
            let claimed = inheritance.claim(socket.address, for: .table)
            #expect(claimed.map { SocketAddress(boundTo: $0.descriptor) } == [socket.address])
            #expect(inheritance.claim(socket.address, for: .table).count == (number == 2 ? 1 : 0))
        }
    }

    @Test(arguments: [
        ("", "it did not answer"),
        ("HTTP/1.1 405 Method Not Allowed\r\n\r\nonly GET and HEAD\n", "its version cannot hand over"),
        ("HTTP/1.1 409 Conflict\r\n\r\nit is draining\n", "it is draining"),
        ("HTTP/1.1 200 OK\r\n\r\n", "it ended, or gave up, before it had handed over everything"),
        ("HTTP/1.1 200 OK\r\n\r\nen", "it ended, or gave up, before it had handed over everything"),
    ])
    func `an answer that is none says so`(text: String, reason: String) throws {
        #expect(try Self.receive(Array(text.utf8), Inheritance()) == reason)
    }

    @Test func `a socket whose descriptor is missing is no socket`() throws {
        let text = "HTTP/1.1 200 OK\r\n\r\nsocket\ttable\t\t\nend\n"
        #expect(try Self.receive(Array(text.utf8), Inheritance())?.contains("ulimit") == true)
    }

    @Test(arguments: ["later\tthings\n", "\n", "tickets\t\n", "tickets\tzz\n", "tickets\t0\n", "\t\t\t\n"])
    func `lines that say nothing are left alone`(line: String) throws {
        let inheritance = Inheritance()
        #expect(try Self.receive(Array("HTTP/1.1 200 OK\r\n\r\n\(line)end\n".utf8), inheritance) == nil)
        #expect(inheritance.takeTicketKeys() == nil && inheritance.activated.isEmpty)
    }

    @Test func `whatever comes, it ends`() throws {
        var random = SeededGenerator(seed: 5)
        let alphabet = Array("socket\ttickets0af=\r\nend\u{FF}".utf8)
        for _ in 0..<300 {
            let count = Int(random.next() % 200)
            let bytes = (0..<count).map { _ in alphabet[Int(random.next() % UInt64(alphabet.count))] }
            _ = try Self.receive(Array("HTTP/1.1 200 OK\r\n\r\n".utf8) + bytes, Inheritance())
        }
    }
}
