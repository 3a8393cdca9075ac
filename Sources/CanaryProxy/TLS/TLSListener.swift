// SPDX-License-Identifier: Apache-2.0

import COpenSSL
import CanaryMesh
import CanaryResources
import CanaryRouting

/// The servers of a port with TLS, one of which each client asks for.
@safe final class TLSListener: Sendable {
    let servers: [TLSServer]
    /// What sessions begin with, before their server is known.
    private let entrance: TLSContext

    init(_ servers: [TLSServer], _ tickets: TicketKeys) throws(TLSProblem) {
        self.servers = servers
        entrance = try TLSContext(isServer: true)
        tickets.apply(to: entrance)
        // A client that resumes gets another, and each is a piece of its own on the wire.
        unsafe SSL_CTX_set_num_tickets(entrance.pointer, 1)
        // Each server has its own; until then there is no reason to refuse anybody.
        try entrance.setVersions(.tls10, .tls13)
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        // The listener is retained by each of its sessions.
        unsafe SSL_CTX_set_client_hello_cb(
            entrance.pointer,
            { session, alert, context in unsafe TLSListener.choose(session, alert, context) },
            context
        )
    }

    /// Whether some connections are passed on as they are, so that what clients say first is looked at before it is read.
    var passesThrough: Bool { servers.contains { $0.context == nil } }

    /// Those that a name is closest to, or that take clients who ask for none.
    func server(for name: ByteSlice) -> TLSServer? {
        var best: (server: TLSServer, closeness: Int)?
        for server in servers {
            guard let closeness = server.closeness(to: name), closeness > best?.closeness ?? -1 else {
                continue
            }
            best = (server, closeness)
        }
        return best?.server
    }

    /// Takes over a client's connection; `nil` where memory is short.
    func open(_ descriptor: Int32) -> TLSPointer? {
        let connection = unsafe TLSConnection.make(entrance.pointer, descriptor, owner: self)
        unsafe connection?.pointee.withSession { unsafe SSL_set_accept_state($0) }
        return connection
    }

    // MARK: - What OpenSSL calls

    private static func choose(
        _ session: OpaquePointer?,
        _ alert: UnsafeMutablePointer<Int32>?,
        _ context: UnsafeMutableRawPointer?
    ) -> Int32 {
        guard let context = unsafe context, let socket = unsafe TLSSocket.of(session) else {
            return SSL_CLIENT_HELLO_ERROR
        }
        let listener = unsafe Unmanaged<TLSListener>.fromOpaque(context).takeUnretainedValue()
        guard let server = unsafe listener.server(for: name(in: session)), let chosen = server.context else {
            unsafe alert?.pointee = SSL_AD_UNRECOGNIZED_NAME
            return SSL_CLIENT_HELLO_ERROR
        }
        socket.pointee.listener = listener
        socket.pointee.server = server
        unsafe SSL_set_SSL_CTX(session, chosen.pointer)
        unsafe SSL_set_verify(session, SSL_CTX_get_verify_mode(chosen.pointer), nil)
        unsafe SSL_set_security_level(session, SSL_CTX_get_security_level(chosen.pointer))
        // A ticket would let a client in whose certificate has expired since.
        if server.settings.tls.mode != .simple { unsafe canary_tls_refuse_tickets(session) }
        guard unsafe canary_tls_take_versions(session, chosen.pointer) != 0 else {
            return SSL_CLIENT_HELLO_ERROR
        }
        return SSL_CLIENT_HELLO_SUCCESS
    }

    /// The name that a client asks for; empty for none.
    private static func name(in session: OpaquePointer?) -> ByteSlice {
        var start: UnsafePointer<UInt8>?
        var count = 0
        let kind = UInt32(TLSEXT_TYPE_server_name)
        guard unsafe SSL_client_hello_get0_ext(session, kind, &start, &count) == 1 else { return ByteSlice() }
        let bytes = unsafe ByteSlice(base: start, count: count)
        return ClientHello.name(inExtension: bytes).map { bytes[$0] } ?? ByteSlice()
    }
}
