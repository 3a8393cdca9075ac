// SPDX-License-Identifier: Apache-2.0

import CLinux
package import CanarySystem
import Glibc

/// One end of the connection between a node and a supervisor, which ends when either of them does.
package final class MessageSocket {
    package let descriptor: Int32

    /// The longest message: longer words are for files.
    private static let mostBytes = 1 << 17

    /// - Parameter descriptor: is closed with this.
    package init(_ descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    /// Both ends; other programs inherit none of them.
    package static func makePair() throws(SystemCallError) -> (MessageSocket, MessageSocket) {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard unsafe socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw SystemCallError(errno) }
        return (MessageSocket(ends[0]), MessageSocket(ends[1]))
    }

    /// Whether the other end could take it.
    @discardableResult
    package func send(_ words: [String]) -> Bool {
        var bytes: [UInt8] = []
        for word in words {
            bytes += word.utf8
            bytes.append(0)
        }
        guard bytes.count <= Self.mostBytes else { return false }
        while true {
            let count = unsafe Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
            if count == bytes.count { return true }
            guard count < 0, errno == EINTR else { return false }
        }
    }

    package enum Received: Equatable {
        case words([String])
        /// None is there now.
        case nothing
        /// The other end is gone.
        case end
    }

    package func receive() -> Received {
        var room = [UInt8](repeating: 0, count: Self.mostBytes)
        while true {
            let count = unsafe recv(descriptor, &room, room.count, Int32(MSG_DONTWAIT))
            if count > 0 {
                return .words(
                    room[..<count].split(separator: 0, omittingEmptySubsequences: false).dropLast()
                        .map { String(decoding: $0, as: UTF8.self) }
                )
            }
            if count == 0 { return .end }
            switch errno {
            case EINTR: continue
            case EAGAIN: return .nothing
            default: return .end
            }
        }
    }
}
