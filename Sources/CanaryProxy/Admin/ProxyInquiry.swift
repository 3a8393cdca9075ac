// SPDX-License-Identifier: Apache-2.0

import CLinux
import CanaryMesh
import CanarySystem
import Glibc

/// Asks a running proxy what it serves, over its own socket in the store directory.
package enum ProxyInquiry {
    /// What the paths of the pages begin with that ``ask(_:in:page:)`` gets.
    static let path = "/proxy-config/"
    /// How long a proxy may be silent, in seconds.
    private static let patience = 10

    package enum Failure: Error, Equatable {
        /// No socket of the directory is that process's.
        case noSocket
        /// It answered with another status than 200: 404 comes from a version without the page.
        case refused(status: Int)
        /// It did not answer in full.
        case broken(reason: String)
    }

    /// What a page holds: JSON, an object with `items` and `warnings`.
    ///
    /// - Parameter page: `listeners`, `routes`, `clusters`, `endpoints`, `connections` or `secrets`.
    package static func ask(_ pid: Int32, in directory: String, page: String) throws(Failure) -> [UInt8] {
        guard let descriptor = ControlSocket.connect(to: pid, in: directory) else { throw .noSocket }
        defer { close(descriptor) }
        Socket.setPatience(patience, descriptor)
        let request = Array("GET \(path)\(page) HTTP/1.1\r\nhost: localhost\r\n\r\n".utf8)
        guard request.withSlice({ Socket.send(descriptor, $0) }) == .moved(request.count) else {
            throw .broken(reason: SystemCallError(errno).reason)
        }
        switch FileReader.readAll(descriptor: descriptor) {
        case .failure(let error): throw .broken(reason: error.reason)
        case .success(let bytes): return try body(of: bytes)
        }
    }

    private static func body(of bytes: [UInt8]) throws(Failure) -> [UInt8] {
        var head = ResponseHead()
        var fields = FieldTable(capacity: 100)
        let outcome = bytes.withSlice {
            ResponseParser().parse($0, method: .get, into: &head, fields: &fields)
        }
        guard case .complete(let length) = outcome else {
            throw .broken(reason: bytes.isEmpty ? "it hung up" : "the answer is no answer of a proxy")
        }
        guard head.status == 200 else { throw .refused(status: head.status) }
        guard case .length(let count) = head.framing else {
            throw .broken(reason: "the answer has no length")
        }
        guard bytes.count - length == Int(count) else { throw .broken(reason: "the answer is cut off") }
        return Array(bytes[length...])
    }
}

extension ControlSocket {
    /// A connection to the socket of a process; `nil` where there is none, or another process has it.
    fileprivate static func connect(to pid: Int32, in directory: String) -> Int32? {
        let place = unsafe Glibc.open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard place >= 0 else { return nil }
        defer { close(place) }
        for name in names(in: directory) {
            guard let descriptor = try? newSocket(name) else { continue }
            if unsafe withAddress(name, in: place, { unsafe Glibc.connect(descriptor, $0, $1) }) == 0,
                canary_peer_pid(descriptor) == pid
            {
                // It waits from here on.
                let flags = fcntl(descriptor, F_GETFL)
                _ = fcntl(descriptor, F_SETFL, flags & ~O_NONBLOCK)
                return descriptor
            }
            close(descriptor)
        }
        return nil
    }
}
