// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// A listening socket as one worker has it.
struct WorkerListener {
    /// The proxy's own number of the listener.
    var number: Int
    let socket: ListeningSocket
    var descriptor: Int32 { socket.descriptor }
}

extension Worker {
    private static let pause: Int64 = 100
    private static let acceptBatch = 64

    /// Takes what waits at a listener, as far as the limits allow; `true` when more may wait.
    @discardableResult
    mutating func acceptConnections(listener number: Int) -> Bool {
        guard let position = listeners.index(rising: number, by: { $0.number }) else { return false }
        let listener = listeners[position]
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

    private mutating func adopt(_ descriptor: Int32, from address: SocketAddress, listener: Int) {
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
        lastListener = max(lastListener, listeners.last?.number ?? -1)
    }

    func watch(_ listener: WorkerListener) {
        _ = canary_epoll_add(epoll, listener.descriptor, CANARY_EPOLLIN, Self.token(of: listener.number))
    }

    /// What the kernel gives back with a listener's events. It is odd, so that it is never taken for a connection's
    /// address, however many listeners there were.
    private static func token(of number: Int) -> UInt64 { UInt64(bitPattern: Int64(number)) &<< 1 | 1 }

    /// The listener that a token stands for; `nil` for an address.
    static func listener(of token: UInt64) -> Int? { token & 1 == 0 ? nil : Int(token &>> 1) }
}

extension RandomAccessCollection where Index == Int {
    /// The position of a number among elements that are ordered by it.
    func index(rising number: Int, by key: (Element) -> Int) -> Int? {
        var low = startIndex
        var high = endIndex
        while low < high {
            let middle = (low &+ high) / 2
            if key(self[middle]) < number { low = middle &+ 1 } else { high = middle }
        }
        return low < endIndex && key(self[low]) == number ? low : nil
    }
}
