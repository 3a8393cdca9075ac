// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanarySystem
import CLinux
import Glibc

@testable import CanaryProxy

/// A blocking connection for tests: nothing waits longer than a minute, which a loaded machine may need.
final class TestConnection: Sendable {
    struct Message: Equatable {
        var startLine: String
        var fields: [String]
        var body: String

        var status: Int { Int(startLine.split(separator: " ").dropFirst().first ?? "") ?? 0 }

        /// The value of a header, by its name in lower case; several are joined.
        func field(_ name: String) -> String? {
            let values = fields.filter { $0.lowercased().hasPrefix("\(name):") }
                .map { $0.dropFirst(name.count + 1).drop { $0 == " " } }
            return values.isEmpty ? nil : values.joined(separator: "|")
        }
    }

    struct Ended: Error {
        /// The error number of the call; 0 where the other side ended the connection. EAGAIN is a minute of silence.
        var reason: Int32 = 0
    }

    let descriptor: Int32
    // Only one thread uses a connection at a time; tests are written that way.
    nonisolated(unsafe) private var buffer: [UInt8] = []

    init(descriptor: Int32) {
        self.descriptor = descriptor
        var time = timeval(tv_sec: 60, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, size)
        Socket.disableDelay(descriptor)
    }

    convenience init(to address: String, receiveBuffer: Int32 = 0) throws {
        let address = try ListenerOpener.parse(address)
        let descriptor = socket(address.family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        if receiveBuffer > 0 { Self.narrow(descriptor, to: receiveBuffer) }
        guard address.withKernelForm({ connect(descriptor, $0, $1) }) == 0 else {
            close(descriptor)
            throw SystemCallError(errno)
        }
        self.init(descriptor: descriptor)
    }

    deinit {
        close(descriptor)
    }

    /// Gives a socket a small window, before it is connected or listens. Segments have to be small too: the window would
    /// not open before one has room, and loopback's are 64 KiB.
    static func narrow(_ descriptor: Int32, to receiveBuffer: Int32) {
        var size = receiveBuffer
        var segment: Int32 = 1400
        setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_MAXSEG, &segment, socklen_t(MemoryLayout<Int32>.size))
    }

    // MARK: - Sending

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) throws {
        var start = 0
        while start < bytes.count {
            let result = bytes.withSlice {
                Socket.send(descriptor, $0.from(start))
            }
            guard case .moved(let count) = result else { throw Ended(reason: errno) }
            start += count
        }
    }

    /// Ends this side only.
    func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Ends with a reset instead of a proper close.
    func reset() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
        shutdown(descriptor, Int32(SHUT_RD))
    }

    // MARK: - Receiving

    private func fill() throws {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &chunk, chunk.count, 0)
        guard count > 0 else { throw Ended(reason: count < 0 ? errno : 0) }
        buffer += chunk[..<count]
    }

    func read(_ count: Int) throws -> [UInt8] {
        while buffer.count < count { try fill() }
        defer { buffer.removeFirst(count) }
        return Array(buffer[..<count])
    }

    /// Reads up to and with `mark`, which is not returned.
    func read(until mark: String) throws -> String {
        let end = Array(mark.utf8)
        while true {
            if let range = buffer.firstRange(of: end) {
                defer { buffer.removeFirst(range.upperBound) }
                return String(decoding: buffer[..<range.lowerBound], as: UTF8.self)
            }
            try fill()
        }
    }

    /// Whether the peer ends the connection, with nothing more to read; `false` when it sends something instead.
    func isEnded() -> Bool {
        guard buffer.isEmpty else { return false }
        var byte: UInt8 = 0
        let count = recv(descriptor, &byte, 1, 0)
        if count > 0 { buffer.append(byte) }
        return count == 0 || count < 0 && (errno == ECONNRESET || errno == EPIPE)
    }

    /// Everything up to the end of the connection.
    func readToEnd() -> String {
        while (try? fill()) != nil {}
        defer { buffer = [] }
        return String(decoding: buffer, as: UTF8.self)
    }

    /// Reads a head, without its body.
    func readHead() throws -> Message {
        let lines = try read(until: "\r\n\r\n").split(separator: "\r\n", omittingEmptySubsequences: false)
        return Message(startLine: String(lines[0]), fields: lines.dropFirst().map(String.init), body: "")
    }

    /// Reads a message with its body, which for responses without framing ends with the connection.
    func readMessage(isHead: Bool = false) throws -> Message {
        var message = try readHead()
        let isRequest = !message.startLine.hasPrefix("HTTP/")
        if isHead || [204, 304].contains(message.status) || 100..<200 ~= message.status { return message }
        if let length = message.field("content-length").flatMap({ Int($0) }) {
            message.body = String(decoding: try read(length), as: UTF8.self)
        } else if message.field("transfer-encoding") == "chunked" {
            message.body = try readChunks()
        } else if !isRequest {
            message.body = readToEnd()
        }
        return message
    }

    private func readChunks() throws -> String {
        var body: [UInt8] = []
        while true {
            let line = try read(until: "\r\n")
            let size = Int(line.prefix { $0 != ";" }, radix: 16) ?? 0
            if size == 0 {
                while try read(until: "\r\n") != "" {}
                return String(decoding: body, as: UTF8.self)
            }
            body += try read(size)
            _ = try read(until: "\r\n")
        }
    }
}
