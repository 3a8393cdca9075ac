// SPDX-License-Identifier: Apache-2.0

import CLinux
import COpenSSL
import CanaryMesh
import CanaryResources
import CanaryRouting
import Glibc
import Synchronization

/// What TLS to the endpoints of a cluster is spoken with, and the session that was agreed on last.
@safe final class UpstreamTLSContext: Sendable {
    let settings: UpstreamTLS.Settings
    private let context: TLSContext
    private let peers: PeerRequirement
    private let session = Mutex<Session?>(nil)

    /// OpenSSL counts who has it.
    @safe private final class Session: @unchecked Sendable {
        let pointer: OpaquePointer
        init(_ pointer: OpaquePointer) { unsafe self.pointer = unsafe pointer }
        deinit { unsafe SSL_SESSION_free(pointer) }
    }

    init(_ settings: UpstreamTLS.Settings, files: CertificateFiles) throws(TLSProblem) {
        self.settings = settings
        peers = PeerRequirement(names: settings.tls.subjectAltNames)
        context = try TLSContext(isServer: false)
        try context.setVersions(nil, nil)
        var found = try settings.credential.map(files.credential) ?? Credential()
        let tls = settings.tls
        if settings.credential == nil {
            found.certificate = try tls.clientCertificate.map(files.read)
            found.key = try tls.privateKey.map(files.read)
            found.authorities = try tls.caCertificates.map(files.read)
            found.revoked = try tls.caCrl.map(files.read)
        }
        if tls.mode == .mutual { try context.add(chain: found.certificate, key: found.key) }
        try trust(found)
        unsafe context.keepSessions { session, pointer in
            guard let origin = unsafe TLSSocket.of(session)?.pointee.origin, let pointer = unsafe pointer
            else { return 0 }
            origin.session.withLock { $0 = unsafe Session(pointer) }
            return 1
        }
    }

    /// Its own certificate, and those who are believed where they were given.
    var certificateFacts: [CertificateFacts] { context.certificateFacts }
    var authorityFacts: [CertificateFacts] { context.authorityFacts }

    private func trust(_ credential: Credential) throws(TLSProblem) {
        if settings.tls.insecureSkipVerify { return }
        if let authorities = credential.authorities {
            try context.trust(authorities, revoked: credential.revoked, namesThem: false)
        } else {
            try context.trustSystem()
        }
        unsafe SSL_CTX_set_verify(context.pointer, SSL_VERIFY_PEER, nil)
    }

    /// Takes over a connection that was begun; `nil` where memory is short.
    func open(_ descriptor: Int32) -> TLSPointer? {
        guard let connection = unsafe TLSConnection.make(context.pointer, descriptor, owner: self) else {
            return nil
        }
        connection.pointee.socket.pointee.origin = self
        unsafe connection.pointee.withSession { unsafe prepare($0) }
        return connection
    }

    private func prepare(_ session: OpaquePointer) {
        unsafe SSL_set_connect_state(session)
        let isAddress = IPAddress.isValid(settings.serverName)
        // RFC 6066, 3: addresses are no names.
        if !isAddress { unsafe canary_tls_set_server_name(session, settings.serverName) }
        if settings.tls.subjectAltNames.isEmpty, !settings.tls.insecureSkipVerify {
            if isAddress {
                unsafe X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), settings.serverName)
            } else {
                unsafe SSL_set1_host(session, settings.serverName)
            }
        }
        let offer = Array((settings.isHTTP2 ? "\u{2}h2" : "\u{8}http/1.1").utf8)
        unsafe SSL_set_alpn_protos(session, offer, UInt32(offer.count))
        self.session.withLock { last in
            if let last { unsafe SSL_set_session(session, last.pointer) }
        }
    }

    /// Why a connection whose handshake is complete may not be used, for people; `nil` where it may.
    func objection(to connection: TLSPointer) -> String? {
        let agreed = connection.pointee.agreedProtocol
        if settings.isHTTP2, !agreed.isEmpty, !agreed.equals(ByteSlice("h2")) {
            return "the endpoint does not speak HTTP/2"
        }
        guard !settings.tls.subjectAltNames.isEmpty, !settings.tls.insecureSkipVerify else { return nil }
        guard let certificate = unsafe connection.pointee.withSession({ unsafe PeerCertificate(of: $0) }),
            peers.accepts(certificate)
        else { return "certificate: none of its names is among subjectAltNames" }
        return nil
    }
}
