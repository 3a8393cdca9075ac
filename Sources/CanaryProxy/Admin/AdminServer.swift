// SPDX-License-Identifier: Apache-2.0

import CLinux
import CanaryModel
import Glibc
import Synchronization

/// Serves the admin pages, on threads of its own: read-only over TCP, and with `POST /drain` over a Unix socket that only its
/// owner can open.
final class AdminServer: Sendable {
    private static let mostConnections = 16

    let boundAddress: String?
    private let shared: ProxyShared
    private let tcp: Int32?
    private let unix: Int32?
    private let stopDescriptor: Int32
    private let busy = Atomic<Int>(0)
    private let thread = Mutex<Thread?>(nil)

    init(shared: ProxyShared) throws(ProxyError) {
        self.shared = shared
        stopDescriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        var listener: OpenListener?
        if let text = shared.configuration.admin {
            let address = try ListenerOpener.parse(text)
            guard address.isLoopback else {
                throw .cannotListen(
                    address: text,
                    reason: "admin pages are served on loopback addresses only"
                )
            }
            listener = try ListenerOpener.open(address, .mesh, number: 0, workers: 1)
        }
        tcp = listener?.descriptors.first
        boundAddress = listener?.address.text
        do {
            unix = try shared.configuration.adminSocket.map { path throws(ProxyError) in
                try UnixListener.open(path)
            }
        } catch {
            if let tcp { close(tcp) }
            close(stopDescriptor)
            throw error
        }
    }

    deinit {
        if let tcp { close(tcp) }
        if let unix {
            close(unix)
            if let path = shared.configuration.adminSocket { unlink(path) }
        }
        close(stopDescriptor)
    }

    func start() throws(ProxyError) {
        guard tcp != nil || unix != nil else { return }
        let started = Thread(name: "admin") { [self] in run() }
        guard let started else { throw .cannotStart(reason: "no more threads") }
        thread.withLock { $0 = started }
    }

    /// Ends the thread, when there is one.
    func stop() {
        ProxyShared.wake(stopDescriptor)
        let running = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        running?.join()
    }

    private func run() {
        var watched = [pollfd(fd: stopDescriptor, events: Int16(POLLIN), revents: 0)]
        for descriptor in [tcp, unix].compactMap({ $0 }) {
            watched.append(pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0))
        }
        while true {
            guard poll(&watched, nfds_t(watched.count), -1) > 0 else { continue }
            if watched[0].revents != 0 { return }
            for listener in watched.dropFirst() where listener.revents != 0 {
                accept(listener.fd, isPrivate: listener.fd == unix)
            }
        }
    }

    /// Serves one connection on a thread of its own, so that a slow one holds nobody up.
    private func accept(_ listener: Int32, isPrivate: Bool) {
        let descriptor = canary_accept4(listener, nil, nil, Int32(SOCK_CLOEXEC.rawValue))
        guard descriptor >= 0 else { return }
        guard busy.add(1, ordering: .relaxed).newValue <= Self.mostConnections else {
            busy.subtract(1, ordering: .relaxed)
            close(descriptor)
            return
        }
        let thread = Thread(name: "admin-request") { [self] in
            AdminConnection(descriptor: descriptor, isPrivate: isPrivate, shared: shared).serve()
            close(descriptor)
            busy.subtract(1, ordering: .relaxed)
        }
        guard let thread else {
            busy.subtract(1, ordering: .relaxed)
            close(descriptor)
            return
        }
        thread.detach()
    }
}

/// A listening Unix socket that only its owner can open.
enum UnixListener {
    static func open(_ path: String) throws(ProxyError) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        let fits = withUnsafeMutableBytes(of: &address.sun_path) { room in
            guard bytes.count < room.count else { return false }
            room.copyBytes(from: bytes)
            return true
        }
        guard fits else { throw .cannotListen(address: path, reason: "the path is too long for a socket") }
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_UNIX, kind, 0)
        guard descriptor >= 0 else {
            throw .cannotListen(address: path, reason: SocketFailure(reason: errno).text)
        }
        // What an ended proxy left behind; the store's owner decides that there is one proxy a path.
        unlink(path)
        let isBound = withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        guard isBound, chmod(path, 0o600) == 0, listen(descriptor, 16) == 0 else {
            let reason = errno
            close(descriptor)
            throw .cannotListen(address: path, reason: SocketFailure(reason: reason).text)
        }
        return descriptor
    }
}
