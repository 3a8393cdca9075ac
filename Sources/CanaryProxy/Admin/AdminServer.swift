// SPDX-License-Identifier: Apache-2.0

import CLinux
import CanaryMesh
import CanarySystem
import Glibc
import Synchronization

/// Serves the admin pages, on threads of its own: read-only over TCP, and with `POST /drain` over a Unix socket that only its
/// owner can open.
final class AdminServer: Sendable {
    private static let mostConnections = 16
    /// How soon a store directory that came back, or to another's place, has the socket again.
    private static let renewalMilliseconds: Int32 = 1000

    /// Takes a connection of the control socket whose request asks for it, and returns when it is through with it.
    typealias HandOverHandler = @Sendable (_ connection: Int32) -> Void

    private struct Control {
        var socket: ControlSocket?
        var isClosed = false
        /// Of the pages; `nil` for none, or once another process has them.
        var tcp: ListeningSocket?
        var handOver: HandOverHandler?
    }

    private let pagesAddress: String?
    private let shared: ProxyShared
    private let control: Mutex<Control>
    private let warn: Proxy.MessageHandler
    private let stopEvent = EventDescriptor()
    private let changeEvent = EventDescriptor()
    private let busy = Atomic<Int>(0)
    private let thread = Mutex<Thread?>(nil)

    init(
        shared: ProxyShared,
        inheritance: Inheritance,
        warn: @escaping Proxy.MessageHandler
    ) throws(ProxyError) {
        self.shared = shared
        self.warn = warn
        var listener: OpenListener?
        if let text = shared.configuration.admin {
            let address = try ListenerOpener.parse(text)
            guard address.isLoopback else {
                throw .cannotListen(
                    address: text,
                    reason: "admin pages are served on loopback addresses only"
                )
            }
            listener = try ListenerOpener.open(
                address,
                .mesh,
                number: 0,
                workers: 1,
                inheritance: inheritance,
                for: .admin(text)
            )
        }
        pagesAddress = listener?.address.text
        let socket = try shared.configuration.controlDirectory.map { directory throws(ProxyError) in
            try ControlSocket.open(in: directory)
        }
        let tcp = listener?.sockets.first?.first
        control = Mutex(Control(socket: socket, tcp: tcp))
    }

    deinit {
        removeControlSocket()
        if let socket = control.withLock(\.socket) { close(socket.descriptor) }
    }

    /// The path of the socket that changes something; `nil` for none.
    var controlPath: String? { control.withLock(\.socket)?.path }

    /// Where the pages are; `nil` for nowhere, or where another process has them.
    var boundAddress: String? { pagesSocket == nil ? nil : pagesAddress }

    /// The socket of the pages, for the process that comes after.
    var pagesSocket: ListeningSocket? { control.withLock(\.tcp) }

    /// Leaves the pages to another process, which has their socket too.
    func leavePages() {
        control.withLock { $0.tcp = nil }
        changeEvent.signal()
    }

    func start(handingOver: @escaping HandOverHandler) throws(ProxyError) {
        control.withLock { $0.handOver = handingOver }
        guard pagesAddress != nil || shared.configuration.controlDirectory != nil else { return }
        let started = Thread(name: "admin") { [self] in run() }
        guard let started else { throw .cannotStart(reason: "no more threads") }
        thread.withLock { $0 = started }
    }

    /// Nobody is to find the proxy any more.
    func removeControlSocket() {
        control.withLock { control in
            control.isClosed = true
            if let socket = control.socket, socket.isInPlace { unsafe unlink(socket.path) }
        }
    }

    /// Opens the control socket anew where its directory was replaced, so that the proxy can still be told to drain. While there
    /// is no directory nobody looks for it.
    private func renewControlSocket(_ lastFailure: inout String?) {
        guard let directory = shared.configuration.controlDirectory, unsafe access(directory, F_OK) == 0
        else {
            return
        }
        let failure: String? = control.withLock { control in
            guard !control.isClosed, control.socket?.isInPlace != true else { return nil }
            do throws(ProxyError) {
                let socket = try ControlSocket.open(in: directory)
                if let old = control.socket { close(old.descriptor) }
                control.socket = socket
                return nil
            } catch {
                return error.message
            }
        }
        if let failure, failure != lastFailure { warn(failure) }
        lastFailure = failure
    }

    /// Ends the thread, when there is one.
    func stop() {
        stopEvent.signal()
        let running = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        running?.join()
        control.withLock { $0.handOver = nil }
    }

    /// The only thread that renews the control socket, and so the only one that closes it while it is watched.
    private func run() {
        let pause = shared.configuration.controlDirectory == nil ? -1 : Self.renewalMilliseconds
        var lastFailure: String?
        while true {
            renewControlSocket(&lastFailure)
            let (control, tcp) = control.withLock { ($0.socket?.descriptor, $0.tcp) }
            let wanted = [stopEvent.descriptor, changeEvent.descriptor, tcp?.descriptor, control]
            var watched = wanted.compactMap(\.self).map {
                pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
            }
            let count = unsafe poll(&watched, nfds_t(watched.count), pause)
            changeEvent.clear()
            guard count > 0 else { continue }
            if watched[0].revents != 0 { return }
            for listener in watched.dropFirst(2) where listener.revents != 0 {
                accept(listener.fd, isPrivate: listener.fd == control)
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
            AdminConnection(
                descriptor: descriptor,
                isPrivate: isPrivate,
                shared: shared,
                handOver: control.withLock(\.handOver)
            ).serve()
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
