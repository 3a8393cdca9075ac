// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// A listening socket as one worker has it.
struct WorkerListener {
    /// The proxy's own number of the listener.
    var number: Int32
    var descriptor: Int32
}

extension Worker {
    private static let pause: Int64 = 100
    private static let acceptBatch = 64

    /// Takes what waits at a listener, as far as the limits allow; `true` when more may wait.
    @discardableResult
    mutating func acceptConnections(listener number: Int32) -> Bool {
        guard let listener = listeners.first(where: { $0.number == number }) else { return false }
        for _ in 0..<Self.acceptBatch {
            guard connections < shared.connectionsPerWorker else {
                pauseAccepting()
                return false
            }
            var address = SocketAddress.unspecified
            let flags = Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
            let descriptor = address.withKernelForm { canary_accept4(listener.descriptor, $0, $1, flags) }
            if descriptor >= 0 {
                adopt(descriptor, from: address, listener: number)
                continue
            }
            switch errno {
            case EINTR, ECONNABORTED: continue
            case EMFILE, ENFILE, ENOBUFS, ENOMEM:
                pauseAccepting()
                return false
            default: return false
            }
        }
        return true
    }

    private mutating func adopt(_ descriptor: Int32, from address: SocketAddress, listener: Int32) {
        Socket.disableDelay(descriptor)
        let client = downstreams.take()
        client.initialize(
            to: Downstream(descriptor: descriptor, listener: listener, peer: PeerAddress(address))
        )
        guard register(descriptor, client.registration) else {
            close(descriptor)
            client.deinitialize(count: 1)
            downstreams.give(client)
            return
        }
        connections &+= 1
        counters.setConnections(connections)
        openDownstreams.insert(client)
        timers.set(client.registration, to: now &+ limits.headTimeout)
        settle(client)
    }

    /// Registers a connection for everything, once.
    func register(_ descriptor: Int32, _ registration: UnsafeMutablePointer<Registration>) -> Bool {
        let events = CANARY_EPOLLIN | CANARY_EPOLLOUT | CANARY_EPOLLRDHUP | CANARY_EPOLLET
        return canary_epoll_add(epoll, descriptor, events, UInt64(UInt(bitPattern: registration))) == 0
    }

    /// Out of descriptors or at the limit: leaves new connections to the kernel's queue for a while, instead of
    /// being told about them without end.
    private mutating func pauseAccepting() {
        guard !isAcceptPaused else { return }
        isAcceptPaused = true
        acceptResumesAt = now &+ Self.pause
        for listener in listeners { _ = canary_epoll_remove(epoll, listener.descriptor) }
    }

    mutating func resumeAcceptingIfDue() {
        guard isAcceptPaused, now >= acceptResumesAt else { return }
        isAcceptPaused = false
        acceptResumesAt = Registration.never
        for listener in listeners { watch(listener) }
    }

    func watch(_ listener: WorkerListener) {
        _ = canary_epoll_add(epoll, listener.descriptor, CANARY_EPOLLIN, UInt64(listener.number) &+ 1)
    }
}
