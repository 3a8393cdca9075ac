// SPDX-License-Identifier: Apache-2.0

import CLinux
import CanarySystem
import Glibc
import Synchronization

/// A listening socket that was opened by another process.
struct InheritedSocket: Sendable {
    /// What the process before used it for. The text is that of the option, whose port may be 0.
    enum Use: Equatable, Sendable {
        case listen(String)
        case admin(String)
        /// Whatever a table asks for.
        case table
    }

    let socket: ListeningSocket
    let address: SocketAddress
    /// The same for all descriptors of a socket.
    let inode: ino_t
    let use: Use
    /// How whoever made the process calls it (`LISTEN_FDNAMES`); `nil` where the proxy opened it itself.
    let name: String?
}

/// What a process has of those before it: listening sockets, and the keys of session tickets.
package final class Inheritance: Sendable {
    /// The names of sockets that stand for `--listen` and `--admin`.
    private static let listenName = "listen"
    private static let adminName = "admin"

    private struct State {
        var sockets: [InheritedSocket] = []
        var ticketKeys: TicketKeys?
    }

    private let state = Mutex(State())
    /// Whether another process serves until this one is ready.
    let isTakeOver: Bool

    package convenience init() { self.init(isTakeOver: false) }

    init(isTakeOver: Bool) { self.isTakeOver = isTakeOver }

    // MARK: - Coming in

    /// Takes over sockets that a service manager opened, by their descriptors, with the manager's names for them; what is wrong with
    /// those that are of no use, in words.
    package func add(activated: [(descriptor: Int32, name: String)]) -> [String] {
        activated.compactMap { descriptor, name in
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            guard !add(descriptor, for: .table, name: name) else { return nil }
            return "descriptor \(descriptor) that was passed is no listening TCP socket"
        }
    }

    /// Takes over a descriptor; `false` where it is no listening socket, and is closed.
    @discardableResult
    func add(_ descriptor: Int32, for use: InheritedSocket.Use, name: String?) -> Bool {
        let socket = ListeningSocket(descriptor)
        var status = stat()
        let address = SocketAddress(boundTo: descriptor)
        guard [AF_INET, AF_INET6].contains(address.family), Self.listens(descriptor),
            unsafe fstat(descriptor, &status) == 0
        else { return false }
        // The workers' loops must not wait in accept().
        let flags = fcntl(descriptor, F_GETFL)
        _ = fcntl(descriptor, F_SETFL, flags | O_NONBLOCK)
        let inode = status.st_ino
        state.withLock { state in
            guard !state.sockets.contains(where: { $0.inode == inode }) else { return }
            state.sockets.append(
                InheritedSocket(socket: socket, address: address, inode: inode, use: use, name: name)
            )
        }
        return true
    }

    func add(_ keys: TicketKeys?) { state.withLock { $0.ticketKeys = keys } }

    private static func listens(_ descriptor: Int32) -> Bool {
        var accepts: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return unsafe getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &length) == 0
            && accepts != 0
    }

    // MARK: - Being used

    /// Where the sockets are that are named "listen", which stand for `--listen`, and "admin".
    package var namedAddresses: (listen: [String], admin: String?) {
        let named = state.withLock { state in state.sockets.map { ($0.name, $0.address.text) } }
        var listen: [String] = []
        for (name, address) in named where name == Self.listenName && !listen.contains(address) {
            listen.append(address)
        }
        return (listen, named.first { $0.0 == Self.adminName }?.1)
    }

    /// All sockets of an address, or of what the process before was asked for where the port is free to choose. Those of a service
    /// manager can be had again.
    func claim(_ address: SocketAddress, for use: InheritedSocket.Use) -> [ListeningSocket] {
        state.withLock { state in
            let place = address.port == 0 ? state.sockets.first { $0.use == use }?.address : address
            guard let place else { return [] }
            var claimed: [ListeningSocket] = []
            state.sockets.removeAll { inherited in
                guard inherited.address == place else { return false }
                guard inherited.name != nil else {
                    claimed.append(inherited.socket)
                    return true
                }
                if let copy = inherited.socket.duplicate() { claimed.append(copy) }
                return false
            }
            return claimed
        }
    }

    /// Lets go of what nobody asks for. Those of a service manager stay: they are not opened anew when somebody does.
    func closeUnclaimed() { state.withLock { $0.sockets.removeAll { $0.name == nil } } }

    func takeTicketKeys() -> TicketKeys? {
        state.withLock { state in
            defer { state.ticketKeys = nil }
            return state.ticketKeys
        }
    }

    /// The sockets of a service manager, which the process that comes after gets as well.
    var activated: [InheritedSocket] { state.withLock { $0.sockets.filter { $0.name != nil } } }
}
