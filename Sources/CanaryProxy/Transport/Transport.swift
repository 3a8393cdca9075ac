// SPDX-License-Identifier: Apache-2.0

import CLinux
import CanaryMesh
import CanaryRouting
import Glibc

/// Moves the bytes of one connection.
///
/// The set is closed: each kind of transport is a case with what it needs beyond its socket, so that a call costs a branch
/// and no table of functions. Nothing above knows which kind it is.
enum Transport {
    /// Bytes go over the socket as they are.
    case plain(Int32)
    /// Bytes go over the socket within TLS.
    case tls(TLSPointer)
    /// Bytes wait in the client's own queues for the frames of a connection.
    case stream(HTTP2StreamPointer)

    /// What the event loop watches.
    var descriptor: Int32 {
        switch self {
        case .plain(let descriptor): descriptor
        case .tls(let connection): connection.pointee.socket.pointee.descriptor
        case .stream: -1
        }
    }

    /// The TLS that bytes go within.
    var tls: TLSPointer? {
        guard case .tls(let connection) = self else { return nil }
        return connection
    }

    /// The stream of a connection that this is.
    var stream: HTTP2StreamPointer? {
        guard case .stream(let stream) = self else { return nil }
        return stream
    }

    /// Receives at most `count` bytes into `memory`.
    @inline(__always)
    func receive(_ memory: UnsafeMutableRawPointer, _ count: Int) -> Transfer {
        switch self {
        case .plain(let descriptor): unsafe Socket.receive(descriptor, memory, count)
        case .tls(let connection): unsafe connection.pointee.receive(memory, count)
        case .stream: .wouldBlock
        }
    }

    /// Whether there may be more to be received, without an event, behind `count` bytes of as many as were asked for.
    @inline(__always)
    func mayHoldMore(_ count: Int, of asked: Int) -> Bool {
        switch self {
        case .plain: count == asked
        case .tls(let connection): connection.pointee.holdsMore
        case .stream: false
        }
    }

    /// Whether a reason not to receive may be gone, now that the socket can be written to.
    var awaitsRoom: Bool { tls?.pointee.awaitsRoom ?? false }

    /// Sends what there is room for.
    @inline(__always)
    func send(_ bytes: ByteSlice) -> Transfer {
        switch self {
        case .plain(let descriptor): Socket.send(descriptor, bytes)
        case .tls(let connection): connection.pointee.send(bytes)
        case .stream: .wouldBlock
        }
    }

    /// Sends what there is room for of two pieces that lie apart.
    func send(_ first: ByteSlice, _ second: ByteSlice) -> Transfer {
        switch self {
        case .plain(let descriptor): Socket.send(descriptor, first, second)
        case .tls(let connection): connection.pointee.send(first, second)
        case .stream: .wouldBlock
        }
    }

    /// Begins a connection, with TLS where there is a context for it; `nil` when that fails at once. Not ready, ``establish()`` tells
    /// when something has happened to the socket.
    static func connect(to address: SocketAddress, _ context: UpstreamTLSContext? = nil) -> (
        transport: Transport, isReady: Bool
    )? {
        let (descriptor, isReady, _) = Socket.connect(to: address)
        guard descriptor >= 0 else { return nil }
        guard let context else { return (.plain(descriptor), isReady) }
        guard let connection = context.open(descriptor) else {
            Glibc.close(descriptor)
            return nil
        }
        return (.tls(connection), false)
    }

    /// Whether a connection that was begun stands by now.
    func establish() -> TLSConnection.Handshake {
        guard stream == nil else { return .complete }
        guard Socket.pendingError(descriptor) == 0 else { return .failed }
        return tls?.pointee.shakeHands() ?? .complete
    }

    /// Has the kernel look whether a silent peer is still there, if that is wanted.
    func keepAlive(_ settings: ConnectionLimits.KeepAlive) {
        if settings.isOn { Socket.keepAlive(descriptor, settings) }
    }

    /// Whether a resting connection is still usable: nothing to read, and no end.
    var isQuiet: Bool {
        switch self {
        case .plain(let descriptor): Socket.isQuiet(descriptor)
        case .tls(let connection): connection.pointee.isQuiet
        case .stream: true
        }
    }

    /// How many bytes the kernel still holds of what was sent.
    var unacknowledged: Int32 { stream == nil ? Socket.unacknowledged(descriptor) : 0 }

    /// Tells the peer that nothing more is sent.
    func endSending() {
        tls?.pointee.end()
        if stream == nil { shutdown(descriptor, Int32(SHUT_WR)) }
    }

    /// Closes; `resets` so that the peer can't take it for a proper end.
    func close(resets: Bool = false) {
        guard stream == nil else { return }
        let descriptor = descriptor
        if resets { Socket.resetsWhenClosed(descriptor) }
        if let tls {
            if !resets { tls.pointee.end() }
            // Whoever had the connection has closed it.
            unsafe tls.free()
        }
        Glibc.close(descriptor)
    }
}
