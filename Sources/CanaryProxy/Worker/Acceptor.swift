// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// A listening socket as one worker has it.
struct WorkerListener {
    /// The proxy's own number of the listener.
    var number: Int
    let socket: ListeningSocket
    /// What its clients' TLS is dealt with by, where they begin with it.
    let tls: TLSListener?
    /// Whether each of its connections begins with a PROXY header.
    let expectsProxyHeader: Bool
    var descriptor: Int32 { socket.descriptor }
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
    private var isPaused = false
    /// When it takes connections again; never where it does.
    private(set) var resumesAt = Registration.never

    var numbers: [Int] { listeners.map(\.number) }

    /// What clients' TLS is dealt with by at a listener.
    func tls(_ number: Int) -> TLSListener? {
        listeners.index(rising: number) { $0.number }.flatMap { listeners[$0].tls }
    }

    // MARK: - Taking

    func accept(from number: Int) -> Result {
        guard let position = listeners.index(rising: number, by: { $0.number }) else { return .nothing }
        while true {
            var address = SocketAddress.unspecified
            let flags = Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
            let descriptor = unsafe address.withKernelForm {
                unsafe canary_accept4(listeners[position].descriptor, $0, $1, flags)
            }
            if descriptor >= 0 {
                Socket.disableDelay(descriptor)
                let expectsProxyHeader = listeners[position].expectsProxyHeader
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
        for listener in listeners { loop.unwatch(listener.descriptor) }
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
        if !isPaused { loop.unwatch(listeners[position].descriptor) }
        listeners.remove(at: position).socket.close()
    }

    /// Takes over which listeners there are; those that go were stopped.
    mutating func adopt(_ open: [WorkerListener], _ loop: inout EventLoop) {
        listeners = open
        guard !isPaused else { return }
        for listener in listeners where listener.number > lastWatched { watch(listener, &loop) }
        lastWatched = max(lastWatched, listeners.last?.number ?? -1)
    }

    private func watch(_ listener: WorkerListener, _ loop: inout EventLoop) {
        loop.watch(listener.descriptor, token: Self.token(of: listener.number))
    }

    /// What the kernel gives back with a listener's events. It is odd, so that it is never taken for a connection's
    /// address, however many listeners there were.
    private static func token(of number: Int) -> UInt64 { UInt64(bitPattern: Int64(number)) &<< 1 | 1 }

    /// The listener that a token stands for; `nil` for an address.
    static func listener(of token: UInt64) -> Int? { token & 1 == 0 ? nil : Int(token &>> 1) }
}
