// SPDX-License-Identifier: Apache-2.0

import COpenSSL
import CanaryMesh

/// The socket of a connection as OpenSSL reaches it: by the calls that all of the data plane makes. It lies still as long as the
/// connection lives.
struct TLSSocket: ~Copyable {
    let descriptor: Int32
    /// The socket had less than was asked for: more is an event.
    var isDrained = false
    /// How often it may be read before others have their turn.
    var readsLeft = Int.max
    /// The listener, and the server of it that the client asked for.
    var listener: TLSListener?
    var server: TLSServer?
    /// What it was made with towards an endpoint.
    var origin: UpstreamTLSContext?

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    /// Where a session keeps its socket. `SSL_get_ex_new_index` is a macro.
    static let index = CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_SSL, 0, nil, nil, nil, nil)

    /// The socket of a session that OpenSSL hands to one of its calls.
    @unsafe static func of(_ session: OpaquePointer?) -> SlabPointer<TLSSocket>? {
        unsafe socket(SSL_get_ex_data(session, index))
    }

    /// Of what was set when the session was made; it is there until the session has ended.
    private static func socket(_ memory: UnsafeMutableRawPointer?) -> SlabPointer<TLSSocket>? {
        unsafe memory.map { unsafe SlabPointer($0.assumingMemoryBound(to: TLSSocket.self)) }
    }

    // MARK: - What OpenSSL calls

    /// The same for all connections, for as long as the process lives.
    nonisolated(unsafe) static let method: OpaquePointer? = unsafe make()

    private static func make() -> OpaquePointer? {
        guard let method = unsafe BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "connection")
        else {
            return nil
        }
        unsafe BIO_meth_set_create(method) { stream in
            unsafe BIO_set_init(stream, 1)
            return 1
        }
        unsafe BIO_meth_set_ctrl(method) { _, command, _, _ in command == BIO_CTRL_FLUSH ? 1 : 0 }
        unsafe BIO_meth_set_read(method) { stream, memory, count in
            unsafe TLSSocket.read(stream, memory, count)
        }
        unsafe BIO_meth_set_write(method) { stream, memory, count in
            unsafe TLSSocket.write(stream, memory, count)
        }
        return unsafe method
    }

    private static func read(_ stream: OpaquePointer?, _ memory: UnsafeMutablePointer<CChar>?, _ count: Int32)
        -> Int32
    {
        unsafe canary_tls_clear_flags(stream)
        guard let memory = unsafe memory, let socket = unsafe socket(BIO_get_data(stream)) else { return -1 }
        guard socket.pointee.readsLeft > 0 else {
            unsafe canary_tls_awaits_reading(stream)
            return -1
        }
        socket.pointee.readsLeft &-= 1
        switch unsafe Socket.receive(socket.pointee.descriptor, memory, Int(count)) {
        case .moved(let moved):
            socket.pointee.isDrained = moved < Int(count)
            return Int32(moved)
        case .wouldBlock:
            socket.pointee.isDrained = true
            unsafe canary_tls_awaits_reading(stream)
            return -1
        case .ended: return 0
        case .failed: return -1
        }
    }

    private static func write(_ stream: OpaquePointer?, _ memory: UnsafePointer<CChar>?, _ count: Int32)
        -> Int32
    {
        unsafe canary_tls_clear_flags(stream)
        guard let socket = unsafe socket(BIO_get_data(stream)) else { return -1 }
        switch unsafe Socket.send(socket.pointee.descriptor, ByteSlice(start: memory, count: Int(count))) {
        case .moved(let moved): return Int32(moved)
        case .wouldBlock:
            unsafe canary_tls_awaits_writing(stream)
            return -1
        case .ended, .failed: return -1
        }
    }
}
