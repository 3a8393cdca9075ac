// SPDX-License-Identifier: Apache-2.0

import CLinux
package import CanarySystem
import Glibc

/// The part of the process that comes after: it gets what a running proxy has, and tells it once it serves itself. Until then the other
/// goes on, and whatever happens to this one is none of its concern.
package final class TakeOver: Sendable {
    /// What the control socket is asked for.
    static let path = "/hand-over"

    /// How long a proxy may take to answer, in seconds.
    private static let patience = 10
    private static let isDoneMilliseconds: Int32 = 10_000

    package let process: ProcessIdentity
    package let inheritance: Inheritance
    private let connection: Int32

    private init(_ process: ProcessIdentity, _ inheritance: Inheritance, over connection: Int32) {
        self.process = process
        self.inheritance = inheritance
        self.connection = connection
    }

    deinit { close(connection) }

    /// Asks a proxy of a store directory for what it has; `nil` where none runs that is not leaving anyway.
    ///
    /// - Parameter pid: which one it is to be; `nil` for the only one.
    package static func begin(from pid: Int32?, in directory: String) throws(ProxyError) -> TakeOver? {
        var found = ControlSocket.connections(in: directory)
        defer { for other in found { close(other.descriptor) } }
        let candidates =
            if let pid { found.map(\.pid).filter { $0 == pid } } else {
                found.count < 2 ? found.map(\.pid) : serving(in: directory)
            }
        guard candidates.count < 2 else { throw .severalProxies(pids: candidates) }
        guard let chosen = candidates.first, let index = found.firstIndex(where: { $0.pid == chosen }),
            let process = ProcessIdentity(of: chosen)
        else {
            if let pid { throw .noSuchProxy(pid: pid) }
            return nil
        }
        let connection = found.remove(at: index).descriptor
        let inheritance = Inheritance(isTakeOver: true)
        let takeOver = TakeOver(process, inheritance, over: connection)
        let answer = ask("POST \(path)", over: connection) { HandOverMessage.receive(inheritance, over: $0) }
        guard let answer else { return takeOver }
        // It goes anyway, so there is nothing to take over from.
        if pid == nil, answer == Proxy.leavingReason { return nil }
        throw .cannotTakeOver(pid: chosen, reason: answer)
    }

    /// Tells the other process that this one serves, and waits until that one is about to leave, however long it takes to say so: both
    /// have the same sockets, and to leave before the other's word might leave nobody.
    ///
    /// - Parameter stillWaiting: called now and then while there is no word.
    package func complete(stillWaiting: () -> Void = {}) throws(ProxyError) {
        guard HandOverMessage.send(text: HandOverMessage.ready, over: connection) else {
            return try orphaned(because: "it ended the hand-over, as this process took too long")
        }
        while !hasAnswer() {
            guard process.isRunning else { return }
            stillWaiting()
        }
        Socket.setPatience(Self.patience, connection)
        var reader = HandOverMessage.Reader(connection: connection)
        switch reader.line().map({ $0 + "\n" }) {
        case HandOverMessage.leaving: return
        case HandOverMessage.ending: try orphaned(because: "it was asked to end meanwhile")
        default: try orphaned(because: "it ended the hand-over, as this process took too long")
        }
    }

    /// One that has ended has left everything to this process.
    private func orphaned(because reason: String) throws(ProxyError) {
        if process.isRunning { throw .cannotTakeOver(pid: process.pid, reason: reason) }
    }

    private func hasAnswer() -> Bool {
        var polled = pollfd(fd: connection, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&polled, 1, Self.isDoneMilliseconds) > 0
    }

    /// The processes of a directory whose proxies are ready.
    private static func serving(in directory: String) -> [Int32] {
        let all = ControlSocket.connections(in: directory)
        defer { for one in all { close(one.descriptor) } }
        return all.filter { one in
            ask("GET /ready", over: one.descriptor) { descriptor in
                var reader = HandOverMessage.Reader(connection: descriptor)
                return reader.line()
            }?.hasPrefix("HTTP/1.1 200 ") == true
        }.map(\.pid)
    }

    private static func ask(_ request: String, over connection: Int32, _ read: (Int32) -> String?) -> String?
    {
        let flags = fcntl(connection, F_GETFL)
        _ = fcntl(connection, F_SETFL, flags & ~O_NONBLOCK)
        Socket.setPatience(patience, connection)
        let text = "\(request) HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n"
        guard HandOverMessage.send(text: text, over: connection) else { return "it cannot be asked" }
        return read(connection)
    }
}
