// SPDX-License-Identifier: Apache-2.0

import CLinux
import CanarySystem
import CanaryTestSupport
import Glibc
import Synchronization

/// A server on a free port of the loopback interface that does to each connection whatever a test wants.
final class RawServer: Sendable {
    let port: UInt16
    private let listener: Int32
    private let received = Mutex<[String]>([])

    /// - Parameter serve: gets a connection, behind the first that was sent on it, and which one it is; it is closed afterwards.
    init(isVersion6: Bool = false, _ serve: @escaping @Sendable (Int32, Int) -> Void) throws {
        let family = isVersion6 ? AF_INET6 : AF_INET
        listener = socket(family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var storage = sockaddr_in6()
        var length = socklen_t(isVersion6 ? MemoryLayout<sockaddr_in6>.size : MemoryLayout<sockaddr_in>.size)
        storage.sin6_family = sa_family_t(family)
        if isVersion6 { storage.sin6_addr = in6addr_loopback }
        // The address of version 4 lies where this has its flow.
        if !isVersion6 { storage.sin6_flowinfo = UInt32(0x7F00_0001).bigEndian }
        let status = withUnsafeMutablePointer(to: &storage) { [listener] pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(listener, address, length) == 0 && Glibc.listen(listener, 64) == 0
                    && getsockname(listener, address, &length) == 0
            }
        }
        guard status else { throw FailedCall(name: "listen", number: errno) }
        port = UInt16(bigEndian: storage.sin6_port)
        let thread = Thread(name: "raw-server") { [listener, self] in
            var count = 0
            while case let connection = canary_accept4(listener, nil, nil, Int32(SOCK_CLOEXEC.rawValue)),
                connection >= 0
            {
                let number = count
                count += 1
                Thread(name: "raw-connection") { [self] in
                    receive(connection)
                    serve(connection, number)
                    close(connection)
                }?.detach()
            }
            close(listener)
        }
        thread?.detach()
    }

    /// Ends it; connections go on.
    func stop() {
        // Closed by whoever accepts from it: its number may be somebody else's listener afterwards.
        shutdown(listener, Int32(SHUT_RDWR))
    }

    var url: String { "http://127.0.0.1:\(port)" }

    /// The requests, or what was sent first.
    var requests: [String] { received.withLock(\.self) }

    private func receive(_ connection: Int32) {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = recv(connection, &chunk, chunk.count, 0)
            guard count > 0 else { break }
            bytes += chunk[..<count]
            if Self.isWhole(String(decoding: bytes, as: UTF8.self)) { break }
        }
        received.withLock { $0.append(String(decoding: bytes, as: UTF8.self)) }
    }

    private static func isWhole(_ text: String) -> Bool {
        guard text.contains("HTTP/1.1") else { return !text.isEmpty }
        guard let end = text.firstRange(of: "\r\n\r\n") else { return false }
        let length = text.split(separator: "\r\n").first { $0.hasPrefix("Content-Length: ") }
        return text[end.upperBound...].utf8.count >= length.flatMap { Int($0.dropFirst(16)) } ?? 0
    }

    /// Waits until the other side has ended the connection.
    static func wait(_ connection: Int32) {
        var byte: UInt8 = 0
        while recv(connection, &byte, 1, 0) > 0 {}
    }
}

/// Sends all of a text; `false` once nobody takes it.
@discardableResult
func send(_ text: String, to connection: Int32) -> Bool {
    let bytes = Array(text.utf8)
    return bytes.isEmpty || Glibc.send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
}
