// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import Glibc
import Synchronization

@testable import CanaryProxy

/// One way for bodies to pass through the proxy: an origin and a client that agree on every byte.
struct Flow: CustomStringConvertible {
    enum Direction: CaseIterable { case down, up }
    /// `raw` is a TCP connection, without any request.
    enum Framing: CaseIterable { case length, chunked, untilClose, tunnel, raw }
    enum Use: CaseIterable {
        /// One request after the other on a connection.
        case kept
        /// Several at once.
        case pipelined
        /// HTTP/1.0, by a client that ends its side behind the request.
        case old
    }

    var size: Int
    var framing = Framing.length
    var direction = Direction.down
    var use = Use.kept
    var sending = SendingPace.fast
    var receiving = ReceivingPace.fast
    var readsInARow = 16

    /// Whether there is such a thing.
    var isPossible: Bool {
        switch framing {
        case .length, .chunked: direction == .down || use != .old
        case .untilClose: direction == .down
        // Both directions at once.
        case .tunnel, .raw: direction == .down && use == .kept
        }
    }

    var description: String {
        "\(size) B \(direction), \(framing), \(use), \(sending) to \(receiving), \(readsInARow) reads"
    }

    private var count: Int { use == .pipelined ? 3 : use == .kept ? 2 : 1 }

    /// Sends bodies through a proxy of its own; throws where they don't arrive as they were sent.
    func run() throws {
        let gate = FlowGate()
        let reverse = FlowGate()
        let origin = try TestOrigin(receiveBuffer: receiving.buffer) { connection, _ in
            let peer = FlowConnection(descriptor: dup(connection.descriptor), receiving: receiving)
            try serve(peer, gate, reverse)
        }
        let opened = framing == .raw ? try TestProxy.openPort(of: origin) : nil
        let proxy = try TestProxy([("v1", origin.port)], resources: opened?.resources ?? []) {
            $0.limits.readsInARow = readsInARow
        }
        let client = try FlowConnection(to: opened?.address ?? proxy.address, receiving: receiving)
        switch (framing, direction) {
        case (.raw, _): try exchange(client, gate, reverse)
        case (.tunnel, _): try tunnel(client, gate, reverse)
        case (_, .down): try download(client, gate)
        case (_, .up): try upload(client, gate)
        }
    }

    // MARK: - The client

    private func request(_ method: String, _ number: Int, _ fields: String = "") -> String {
        "\(method) /\(number) HTTP/1.\(use == .old ? 0 : 1)\r\nHost: app\r\n\(fields)\r\n"
    }

    private func download(_ client: FlowConnection, _ gate: FlowGate) throws {
        if use != .kept { try client.send((0..<count).map { request("GET", $0) }.joined()) }
        if use == .old { client.finishSending() }
        for number in 0..<count {
            if use == .kept { try client.send(request("GET", number)) }
            let head = try Self.answer(client)
            try client.receiveBody(number, size, after: head, gate)
        }
        if use == .old { try client.expectEnd() }
    }

    private func upload(_ client: FlowConnection, _ gate: FlowGate) throws {
        @Sendable func send(_ number: Int) throws {
            let field = framing == .chunked ? "Transfer-Encoding: chunked" : "Content-Length: \(size)"
            try client.send(request("POST", number, field + "\r\n"))
            try client.sendBody(number, size, chunked: framing == .chunked, sending, gate)
        }
        let sender = use == .pipelined ? Self.thread { for number in 0..<count { try send(number) } } : nil
        for number in 0..<count {
            if use == .kept { try send(number) }
            let head = try Self.answer(client)
            try client.receiveBody(number, 10, after: head, FlowGate())
        }
        try sender?.join()
    }

    private func tunnel(_ client: FlowConnection, _ gate: FlowGate, _ reverse: FlowGate) throws {
        try client.send(request("GET", 0, "Connection: upgrade\r\nUpgrade: raw\r\n"))
        guard let head = try client.head(), head[0].contains(" 101 ") else {
            throw FlowFailure.unexpected("no switch")
        }
        try exchange(client, gate, reverse)
    }

    /// Bodies both ways at once, and ends on both sides.
    private func exchange(_ client: FlowConnection, _ gate: FlowGate, _ reverse: FlowGate) throws {
        let sender = Self.thread { try client.sendBody(1, size, chunked: false, sending, reverse) }
        try client.receive(0, 0..<size, gate)
        try sender.join()
        client.finishSending()
        try client.expectEnd()
    }

    private static func answer(_ client: FlowConnection) throws -> [String] {
        guard let head = try client.head() else { throw FlowFailure.ended(errno: 0) }
        guard head[0] == "HTTP/1.1 200 OK" else { throw FlowFailure.unexpected(head[0]) }
        return head
    }

    // MARK: - The origin

    private func serve(_ peer: FlowConnection, _ gate: FlowGate, _ reverse: FlowGate) throws {
        if framing == .raw { return try serveBytes(peer, gate, reverse) }
        while let head = try peer.head() {
            let path = head[0].split(separator: " ")[1].dropFirst()
            guard let number = Int(path) else { throw FlowFailure.unexpected(head[0]) }
            switch (framing, direction) {
            case (.tunnel, _): return try serveTunnel(peer, gate, reverse)
            case (_, .down):
                let field =
                    switch framing {
                    case .length: "Content-Length: \(size)\r\n"
                    case .chunked: "Transfer-Encoding: chunked\r\n"
                    case .untilClose, .tunnel, .raw: ""
                    }
                try peer.send("HTTP/1.1 200 OK\r\n\(field)\r\n")
                try peer.sendBody(number, size, chunked: framing == .chunked, sending, gate)
                if framing == .untilClose { return }
            case (_, .up):
                try peer.receiveBody(number, size, after: head, gate)
                try peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
                try peer.sendBody(number, 10, chunked: false, .fast, FlowGate())
            }
        }
    }

    private func serveTunnel(_ peer: FlowConnection, _ gate: FlowGate, _ reverse: FlowGate) throws {
        try peer.send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: raw\r\n\r\n")
        try serveBytes(peer, gate, reverse)
    }

    private func serveBytes(_ peer: FlowConnection, _ gate: FlowGate, _ reverse: FlowGate) throws {
        let sender = Self.thread { try peer.sendBody(0, size, chunked: false, sending, gate) }
        try peer.receive(1, 0..<size, reverse)
        try sender.join()
        try peer.expectEnd()
    }

    // MARK: - Threads

    private static func thread(_ body: @escaping @Sendable () throws -> Void) -> FlowThread {
        FlowThread(body)
    }
}

/// A thread whose error comes out where it is joined.
final class FlowThread: Sendable {
    private let failure: Shared
    private let thread: Thread?

    private final class Shared: Sendable {
        let error = Mutex<(any Error)?>(nil)
    }

    init(_ body: @escaping @Sendable () throws -> Void) {
        let shared = Shared()
        failure = shared
        thread = Thread(name: "flow") {
            do { try body() } catch { shared.error.withLock { $0 = error } }
        }
    }

    func join() throws {
        thread?.join()
        if let error = failure.error.withLock({ $0 }) { throw error }
    }
}
