// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// What a process tells the one that takes over from it, in lines: sockets, whose descriptors come with the lines, then the keys of
/// session tickets, then an end.
///
/// It follows the head of an answer of HTTP, so that a version that does not know the request says so by its status.
enum HandOverMessage {
    static let head = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n"
    /// The new process serves.
    static let ready = "ready\n"
    /// The old one leaves: the new one is the service.
    static let leaving = "leaving\n"
    /// The old one was asked to end, and so is the new one.
    static let ending = "ending\n"

    private static let end = "end"
    private static let ticketsWord = Array("tickets\t".utf8)
    private static let atOnce = 64
    /// Of all lines together.
    private static let mostBytes = 4 << 20

    // MARK: - Sending

    /// Sends all of it over a blocking socket; `false` where the other side is gone, or takes too long.
    static func send(_ sockets: [InheritedSocket], _ keys: TicketKeys?, over connection: Int32) -> Bool {
        guard send(text: head, over: connection) else { return false }
        for start in stride(from: 0, to: sockets.count, by: atOnce) {
            let some = sockets[start..<min(start + atOnce, sockets.count)]
            let text = some.map(line).joined()
            guard send(Array(text.utf8), some.map(\.socket.descriptor), over: connection) else {
                return false
            }
        }
        if let keys, !keys.withBytes({ send(tickets: $0, over: connection) }) { return false }
        return send(text: "\(end)\n", over: connection)
    }

    static func send(text: String, over connection: Int32) -> Bool {
        send(Array(text.utf8), [], over: connection)
    }

    private static func send(_ bytes: [UInt8], _ descriptors: [Int32], over connection: Int32) -> Bool {
        var sent = 0
        while sent < bytes.count {
            // Descriptors go with the first bytes.
            let some = sent == 0 ? descriptors : []
            let count = unsafe bytes[sent...].withUnsafeBytes { rest in
                unsafe canary_send_descriptors(connection, rest.baseAddress, rest.count, some, some.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    private static func line(_ inherited: InheritedSocket) -> String {
        let (use, text) =
            switch inherited.use {
            case .listen(let text): ("listen", text)
            case .admin(let text): ("admin", text)
            case .table: ("table", "")
            }
        return "socket\t\(use)\t\(text)\t\(inherited.name.map { "=\($0)" } ?? "")\n"
    }

    private static func send(tickets bytes: [UInt8], over connection: Int32) -> Bool {
        var line: [UInt8] = []
        // Growing, it would leave copies behind.
        line.reserveCapacity(ticketsWord.count + 2 * bytes.count + 1)
        defer { unsafe explicit_bzero(&line, line.count) }
        line += ticketsWord
        for byte in bytes {
            line.append(digit(byte >> 4))
            line.append(digit(byte & 15))
        }
        line.append(ASCII.lineFeed)
        return send(line, [], over: connection)
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x57 + value }

    // MARK: - Receiving

    /// Reads all of it into what a process inherits; otherwise why not, in words.
    static func receive(_ inheritance: Inheritance, over connection: Int32) -> String? {
        var reader = Reader(connection: connection)
        defer { reader.close() }
        guard let status = reader.line() else { return "it did not answer" }
        var body: String?
        while let line = reader.line() {
            if line == "\r" { break }
        }
        guard status.hasPrefix("HTTP/1.1 200 ") else {
            body = reader.line()
            // What versions before this request say to any POST.
            let isUnknown = status.hasPrefix("HTTP/1.1 405 ") || status.hasPrefix("HTTP/1.1 404 ")
            return isUnknown ? "its version cannot hand over" : body ?? "it answered \(status)"
        }
        while let line = reader.line() {
            if line == end { return nil }
            guard take(line, &reader, inheritance) else {
                return
                    "not all of its sockets could be received: the limit of open files may be too low (ulimit -n)"
            }
        }
        return "it ended, or gave up, before it had handed over everything"
    }

    /// Lines of later versions that say something else are left alone; `false` where a socket is missing.
    private static func take(_ line: String, _ reader: inout Reader, _ inheritance: Inheritance) -> Bool {
        let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        switch fields[0] {
        case "socket":
            guard let descriptor = reader.takeDescriptor() else { return false }
            guard fields.count >= 4 else {
                close(descriptor)
                return true
            }
            let use: InheritedSocket.Use =
                switch fields[1] {
                case "listen": .listen(fields[2])
                case "admin": .admin(fields[2])
                default: .table
                }
            let name = fields[3].hasPrefix("=") ? String(fields[3].dropFirst()) : nil
            inheritance.add(descriptor, for: use, name: name)
        case "tickets":
            var bytes = reader.takeSecret()
            inheritance.add(TicketKeys(taking: &bytes))
        default: break
        }
        return true
    }

    /// Lines, and the descriptors that came with them. What it has read is zeroed at the end.
    struct Reader {
        let connection: Int32
        private var bytes: [UInt8] = []
        private var start = 0
        private var secret: Range<Int> = 0..<0
        private var descriptors: [Int32] = []
        private var taken = 0

        init(connection: Int32) { self.connection = connection }

        /// The next line without its end; `nil` where there is none. A secret's text is empty.
        mutating func line() -> String? {
            while true {
                if let end = bytes[start...].firstIndex(of: ASCII.lineFeed) {
                    let line = start..<end
                    start = end + 1
                    let word = HandOverMessage.ticketsWord
                    guard bytes[line].starts(with: word) else {
                        return String(decoding: bytes[line], as: UTF8.self)
                    }
                    secret = line.lowerBound + word.count..<end
                    return "tickets"
                }
                guard bytes.count < HandOverMessage.mostBytes, receive() else { return nil }
            }
        }

        private mutating func receive() -> Bool {
            var chunk = [UInt8](repeating: 0, count: 4096)
            defer { unsafe explicit_bzero(&chunk, chunk.count) }
            var passed = [Int32](repeating: -1, count: Int(CANARY_MOST_DESCRIPTORS))
            var count = 0
            var received = 0
            repeat {
                received = unsafe canary_receive_descriptors(connection, &chunk, chunk.count, &passed, &count)
            } while received < 0 && errno == EINTR
            descriptors += passed[..<count]
            guard received > 0 else { return false }
            append(chunk[..<received])
            return true
        }

        /// Growing by itself, an array would leave a copy of what it held behind.
        private mutating func append(_ more: ArraySlice<UInt8>) {
            var grown: [UInt8] = []
            grown.reserveCapacity(bytes.count + more.count)
            grown += bytes
            grown += more
            unsafe explicit_bzero(&bytes, bytes.count)
            bytes = grown
        }

        mutating func takeDescriptor() -> Int32? {
            guard taken < descriptors.count else { return nil }
            defer { taken += 1 }
            return descriptors[taken]
        }

        /// What the line's hexadecimal digits stand for.
        mutating func takeSecret() -> [UInt8] {
            var digits = bytes[secret].map { $0 < 0x3A ? $0 &- 0x30 : $0 &- 0x57 }
            defer { unsafe explicit_bzero(&digits, digits.count) }
            return stride(from: 1, to: digits.count, by: 2).map { digits[$0 - 1] << 4 | digits[$0] & 15 }
        }

        mutating func close() {
            unsafe explicit_bzero(&bytes, bytes.count)
            for descriptor in descriptors[taken...] { _ = Glibc.close(descriptor) }
            descriptors = []
            taken = 0
        }
    }
}
