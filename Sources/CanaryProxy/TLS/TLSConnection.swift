// SPDX-License-Identifier: Apache-2.0

import CLinux
import COpenSSL
import CanaryMesh
import Glibc

typealias TLSPointer = SlabPointer<TLSConnection>

/// The TLS of one connection, between the proxy and its socket.
///
/// `@safe`: the session, its socket and what it was made of are its own until it ends.
@safe struct TLSConnection: ~Copyable {
    enum Handshake {
        case complete, pending, failed
    }

    /// What OpenSSL calls back to, and so changes while a call is under way.
    let socket: SlabPointer<TLSSocket>
    private let session: OpaquePointer
    /// What the session may call while it is there.
    private let owner: Unmanaged<AnyObject>
    private(set) var isEstablished = false
    /// It is beyond use: what comes may not be what was sent.
    private var hasFailed = false
    /// Behind what was received last came the end, or what can't be read, which the next call tells.
    private var endsNext = false
    /// What came can't be read before something of TLS's own is sent.
    private(set) var awaitsRoom = false
    /// Why the handshake failed, for people.
    private(set) var reason = ""
    /// What the peer's certificate says, as `x-forwarded-client-cert` has it; empty without one.
    var peerCertificate = ByteQueue()

    /// Over a socket, with the settings of a context. `owner` is retained until the end. `nil` where memory is short.
    static func make(_ context: OpaquePointer, _ descriptor: Int32, owner: AnyObject) -> TLSPointer? {
        guard let session = unsafe SSL_new(context) else { return nil }
        guard let stream = unsafe BIO_new(TLSSocket.method) else {
            unsafe SSL_free(session)
            return nil
        }
        let socket = SlabPointer(alone: TLSSocket(descriptor))
        unsafe BIO_set_data(stream, socket.memory)
        unsafe SSL_set_bio(session, stream, stream)
        unsafe SSL_set_ex_data(session, TLSSocket.index, socket.memory)
        return unsafe TLSPointer(alone: TLSConnection(socket, session, Unmanaged.passRetained(owner)))
    }

    private init(_ socket: SlabPointer<TLSSocket>, _ session: OpaquePointer, _ owner: Unmanaged<AnyObject>) {
        self.socket = socket
        unsafe self.session = unsafe session
        unsafe self.owner = unsafe owner
    }

    deinit {
        unsafe SSL_free(session)
        unsafe socket.free()
        unsafe owner.release()
    }

    /// Lends the session to what sets it up.
    func withSession<Result: ~Copyable>(_ body: (OpaquePointer) -> Result) -> Result { unsafe body(session) }

    // MARK: - Beginning

    /// Goes on with the handshake as far as what came allows.
    mutating func shakeHands() -> Handshake {
        guard !isEstablished else { return .complete }
        socket.pointee.isDrained = false
        // Whatever others left there would be taken for what this call came to.
        ERR_clear_error()
        let result = unsafe SSL_do_handshake(session)
        guard result != 1 else {
            isEstablished = true
            return .complete
        }
        switch outcome(of: result) {
        case .wouldBlock: return .pending
        case .moved, .ended, .failed: return .failed
        }
    }

    /// The protocol that both sides agreed on, by ALPN; empty for none. Valid as long as the connection.
    var agreedProtocol: ByteSlice {
        var start: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        unsafe SSL_get0_alpn_selected(session, &start, &count)
        return unsafe ByteSlice(base: start, count: Int(count))
    }

    /// Whether it went on with an earlier session.
    var isResumed: Bool { unsafe SSL_session_reused(session) == 1 }

    // MARK: - Bytes

    /// How often the socket is read, and how many records, by one call: a flood of small ones is not to keep others waiting.
    private static let mostReads = 4
    private static let mostRecords = 16

    /// Receives at most `count` bytes, as many as there are.
    mutating func receive(_ memory: UnsafeMutableRawPointer, _ count: Int) -> Transfer {
        guard isEstablished else {
            // Who was refused may go on for a while: it means nothing.
            return unsafe Socket.receive(socket.pointee.descriptor, memory, count)
        }
        guard !hasFailed else { return .failed(EPROTO) }
        ERR_clear_error()
        endsNext = false
        socket.pointee.isDrained = false
        socket.pointee.readsLeft = Self.mostReads
        defer { socket.pointee.readsLeft = .max }
        var total = 0
        for _ in 0..<Self.mostRecords where total < count {
            var moved = 0
            let result = unsafe SSL_read_ex(session, memory + total, count &- total, &moved)
            guard result == 1 else {
                let outcome = outcome(of: result)
                guard total > 0 else { return outcome }
                endsNext = outcome != .wouldBlock
                break
            }
            total &+= moved
            if socket.pointee.isDrained, unsafe SSL_has_pending(session) == 0 { break }
        }
        return .moved(total)
    }

    /// Whether a call of ``receive(_:_:)`` may bring something without an event before it.
    var holdsMore: Bool { unsafe endsNext || !socket.pointee.isDrained || SSL_has_pending(session) != 0 }

    /// Whether nothing came but what TLS says to itself, such as tickets of sessions.
    var isQuiet: Bool {
        mutating get {
            ERR_clear_error()
            var byte: UInt8 = 0
            var count = 0
            return unsafe outcome(of: SSL_peek_ex(session, &byte, 1, &count)) == .wouldBlock
        }
    }

    /// Sends what there is room for. What could not be sent has to be sent next, with or without more behind it.
    mutating func send(_ bytes: ByteSlice) -> Transfer {
        guard !hasFailed else { return .failed(EPROTO) }
        ERR_clear_error()
        var total = 0
        while total < bytes.count {
            var moved = 0
            let result = unsafe SSL_write_ex(
                session,
                bytes.base.map { unsafe $0 + total },
                bytes.count &- total,
                &moved
            )
            guard result == 1 else {
                let outcome = outcome(of: result)
                guard total > 0, outcome == .wouldBlock else { return outcome }
                break
            }
            total &+= moved
        }
        return .moved(total)
    }

    /// The same for two pieces, the beginnings of which go out together.
    mutating func send(_ first: ByteSlice, _ second: ByteSlice) -> Transfer {
        guard first.count < Self.mostOfRecord else { return send(first) }
        let count = min(second.count, Self.mostOfRecord &- first.count)
        let joined = unsafe withUnsafeTemporaryAllocation(byteCount: first.count &+ count, alignment: 16) {
            memory in
            unsafe memory.copyBytes(first)
            unsafe UnsafeMutableRawBufferPointer(rebasing: memory[first.count...]).copyBytes(
                second.slice(0, count)
            )
            return unsafe send(ByteSlice(start: memory.baseAddress, count: memory.count))
        }
        guard joined == .moved(first.count &+ count), count < second.count else { return joined }
        guard case .moved(let more) = send(second.from(count)) else { return joined }
        return .moved(first.count &+ count &+ more)
    }

    /// The most bytes of a record (RFC 8446, 5.1).
    private static let mostOfRecord = 16_384

    /// Tells the peer that nothing more comes.
    mutating func end() {
        guard isEstablished, !hasFailed else { return }
        ERR_clear_error()
        _ = unsafe SSL_shutdown(session)
        ERR_clear_error()
    }

    // MARK: - What calls came to

    private mutating func outcome(of result: Int32) -> Transfer {
        let error = unsafe SSL_get_error(session, result)
        awaitsRoom = error == SSL_ERROR_WANT_WRITE
        switch error {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return .wouldBlock
        case SSL_ERROR_ZERO_RETURN: return .ended
        default:
            hasFailed = true
            if !isEstablished { reason = unsafe TLSProblem.reason(ofHandshake: session) }
            // Whoever calls next finds an empty list, as all rely on.
            ERR_clear_error()
            return .failed(EPROTO)
        }
    }
}

extension UnsafeMutableRawBufferPointer {
    fileprivate func copyBytes(_ bytes: ByteSlice) {
        guard let source = unsafe bytes.base else { return }
        unsafe copyMemory(from: UnsafeRawBufferPointer(start: source, count: bytes.count))
    }
}
