// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// A listening socket as one worker has it.
struct WorkerListener {
    /// The proxy's own number of the listener.
    var number: Int
    /// One, unless the process before had more workers.
    let sockets: [ListeningSocket]
    /// What its clients' TLS is dealt with by, where they begin with it.
    let tls: TLSListener?
    /// Whether each of its connections begins with a PROXY header.
    let expectsProxyHeader: Bool
}

/// The listeners of a worker, and whether it takes what comes there.
struct Acceptor {
    enum Result {
        case connection(Transport, from: PeerAddress, expectsProxyHeader: Bool)
        case nothing
        /// The system is out of descriptors or memory.
        case exhausted
    }

    private static let pause: Int64 = 100
    /// How many connections are taken before others have their turn.
    static let batch = 64

    /// By rising numbers.
    private var listeners: [WorkerListener] = []
    /// The newest that was watched.
    private var lastWatched = -1
    /// Of several sockets each has its turn.
    private var turn = 0
    private var isPaused = false
    /// When it takes connections again; never where it does.
    private(set) var resumesAt = Registration.never

    var numbers: [Int] { listeners.map(\.number) }

    /// What clients' TLS is dealt with by at a listener.
    func tls(_ number: Int) -> TLSListener? {
        listeners.index(rising: number) { $0.number }.flatMap { listeners[$0].tls }
    }

    // MARK: - Taking

    mutating func accept(from number: Int) -> Result {
        guard let position = listeners.index(rising: number, by: { $0.number }) else { return .nothing }
        let count = listeners[position].sockets.count
        turn &+= 1
        for index in 0..<count {
            let socket = listeners[position].sockets[(turn &+ index) % count]
            let result = accept(from: socket.descriptor, listeners[position].expectsProxyHeader)
            if case .nothing = result { continue }
            return result
        }
        return .nothing
    }

    private func accept(from listener: Int32, _ expectsProxyHeader: Bool) -> Result {
        while true {
            var address = SocketAddress.unspecified
            let flags = Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
            let descriptor = unsafe address.withKernelForm {
                unsafe canary_accept4(listener, $0, $1, flags)
            }
            if descriptor >= 0 {
                Socket.disableDelay(descriptor)
                return .connection(
                    .plain(descriptor),
                    from: PeerAddress(address),
                    expectsProxyHeader: expectsProxyHeader
                )
            }
            switch errno {
            case EINTR, ECONNABORTED: continue
            case EMFILE, ENFILE, ENOBUFS, ENOMEM: return .exhausted
            default: return .nothing
            }
        }
    }

    // MARK: - Pausing

    /// Out of descriptors or at the limit: leaves new connections to the kernel's queue for a while, instead of
    /// being told about them without end.
    mutating func pause(_ loop: inout EventLoop) {
        guard !isPaused else { return }
        isPaused = true
        resumesAt = loop.now &+ Self.pause
        for listener in listeners { unwatch(listener, &loop) }
    }

    mutating func resumeIfDue(_ loop: inout EventLoop) {
        guard isPaused, loop.now >= resumesAt else { return }
        isPaused = false
        resumesAt = Registration.never
        for listener in listeners { watch(listener, &loop) }
        lastWatched = max(lastWatched, listeners.last?.number ?? -1)
    }

    // MARK: - Coming and going

    /// Takes nothing more from a listener.
    mutating func stop(_ number: Int, _ loop: inout EventLoop) {
        guard let position = listeners.index(rising: number, by: { $0.number }) else { return }
        let listener = listeners.remove(at: position)
        // Another process may have the sockets too: closing ours would not end the watch.
        if !isPaused { unwatch(listener, &loop) }
        listener.sockets.forEach { $0.close() }
    }

    /// Takes over which listeners there are; those that go were stopped.
    mutating func adopt(_ open: [WorkerListener], _ loop: inout EventLoop) {
        listeners = open
        guard !isPaused else { return }
        for listener in listeners where listener.number > lastWatched { watch(listener, &loop) }
        lastWatched = max(lastWatched, listeners.last?.number ?? -1)
    }

    private func watch(_ listener: WorkerListener, _ loop: inout EventLoop) {
        for socket in listener.sockets {
            loop.watch(socket.descriptor, token: Self.token(of: listener.number))
        }
    }

    private func unwatch(_ listener: WorkerListener, _ loop: inout EventLoop) {
        for socket in listener.sockets { loop.unwatch(socket.descriptor) }
    }

    /// What the kernel gives back with a listener's events. It is odd, so that it is never taken for a connection's
    /// address, however many listeners there were.
    private static func token(of number: Int) -> UInt64 { UInt64(bitPattern: Int64(number)) &<< 1 | 1 }

    /// The listener that a token stands for; `nil` for an address.
    static func listener(of token: UInt64) -> Int? { token & 1 == 0 ? nil : Int(token &>> 1) }
}
