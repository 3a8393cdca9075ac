// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Glibc

/// A blocking connection on the loopback interface for small HTTP messages; nothing waits longer than a minute.
final class Loopback {
    struct Message {
        var startLine: String
        var fields: [Substring] = []
        var body: String

        /// The value of a header, by its name in lower case.
        func field(_ name: String) -> Substring? {
            fields.first { $0.lowercased().hasPrefix("\(name):") }
                .map { $0.dropFirst(name.count + 1).drop { $0 == " " } }
        }
    }

    private let descriptor: Int32
    private var buffer: [UInt8] = []
    /// Whether only whole messages came so far.
    var isBetweenMessages: Bool { buffer.isEmpty }

    init(descriptor: Int32) {
        self.descriptor = descriptor
        var time = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    }

    /// - Parameter address: `127.0.0.1:9081`.
    convenience init(to address: String) throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        let port = address.split(separator: ":").last.flatMap { UInt16($0) } ?? 0
        var name = Self.address(port: port)
        guard Self.with(&name, { connect(descriptor, $0, $1) }) == 0 else {
            let number = errno
            close(descriptor)
            throw FailedCall(name: "connect \(address)", number: number)
        }
        self.init(descriptor: descriptor)
    }

    /// - Parameter socket: the path of a socket in the file system.
    convenience init(socket path: String) throws {
        let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        let isConnected = withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        guard isConnected else {
            let number = errno
            close(descriptor)
            throw FailedCall(name: "connect \(path)", number: number)
        }
        self.init(descriptor: descriptor)
    }

    deinit {
        close(descriptor)
    }

    /// A listening socket on a free port, and its address.
    static func listen() throws -> (descriptor: Int32, address: String) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var name = Self.address(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        guard with(&name, { bind(descriptor, $0, $1) }) == 0, Glibc.listen(descriptor, 64) == 0,
            with(&name, { address, _ in getsockname(descriptor, address, &length) }) == 0
        else { throw FailedCall(name: "listen", number: errno) }
        return (descriptor, "127.0.0.1:\(UInt16(bigEndian: name.sin_port))")
    }

    func send(_ text: String) {
        let bytes = Array(text.utf8)
        _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    /// The next message, its body by Content-Length; `nil` at the end of the connection.
    func receive() -> Message? {
        while true {
            if let message = takeMessage() { return message }
            var chunk = [UInt8](repeating: 0, count: 4096)
            let count = recv(descriptor, &chunk, chunk.count, 0)
            guard count > 0 else { return nil }
            buffer += chunk[..<count]
        }
    }

    private func takeMessage() -> Message? {
        let text = String(decoding: buffer, as: UTF8.self)
        guard let end = text.firstRange(of: "\r\n\r\n") else { return nil }
        let lines = text[..<end.lowerBound].split(separator: "\r\n")
        let length =
            lines.first { $0.lowercased().hasPrefix("content-length:") }
            .flatMap { Int($0.dropFirst("content-length:".count).drop { $0 == " " }) } ?? 0
        let body = text[end.upperBound...]
        guard body.utf8.count >= length else { return nil }
        buffer = Array(body.utf8.dropFirst(length))
        return Message(
            startLine: lines.first.map(String.init) ?? "",
            fields: Array(lines.dropFirst()),
            body: String(decoding: body.utf8.prefix(length), as: UTF8.self)
        )
    }

    private static func address(port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }

    private static func with(
        _ address: inout sockaddr_in,
        _ body: (UnsafeMutablePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
