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
    private let tcp: ListeningSocket?
    let control: ControlSocket?
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
        tcp = listener?.sockets.first
        boundAddress = listener?.address.text
        do {
            control = try shared.configuration.controlDirectory.map { directory throws(ProxyError) in
                try ControlSocket.open(in: directory)
            }
        } catch {
            close(stopDescriptor)
            throw error
        }
    }

    deinit {
        if let control { close(control.descriptor) }
        removeControlSocket()
        close(stopDescriptor)
    }

    func start() throws(ProxyError) {
        guard tcp != nil || control != nil else { return }
        let started = Thread(name: "admin") { [self] in run() }
        guard let started else { throw .cannotStart(reason: "no more threads") }
        thread.withLock { $0 = started }
    }

    /// Nobody is to find the proxy any more.
    func removeControlSocket() {
        if let control { unlink(control.path) }
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
        for descriptor in [tcp?.descriptor, control?.descriptor].compactMap({ $0 }) {
            watched.append(pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0))
        }
        while true {
            guard poll(&watched, nfds_t(watched.count), -1) > 0 else { continue }
            if watched[0].revents != 0 { return }
            for listener in watched.dropFirst() where listener.revents != 0 {
                accept(listener.fd, isPrivate: listener.fd == control?.descriptor)
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
