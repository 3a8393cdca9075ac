// SPDX-License-Identifier: Apache-2.0

import COpenSSL
import CanaryResources
import CanarySystem
import Glibc

/// What sessions are made with: versions, certificates, and who is believed. It does not change once it is in use, and OpenSSL
/// counts who uses it.
///
/// `@unchecked Sendable`, as OpenSSL's contexts may be used by several threads once they are set up.
@safe final class TLSContext: @unchecked Sendable {
    let pointer: OpaquePointer
    /// What ends by itself: certificates of its own, and lists of what was revoked.
    private var leaves: [PEM.Object] = []
    private var authorities: [PEM.Object] = []
    private var lists: [PEM.Object] = []

    init(isServer: Bool) throws(TLSProblem) {
        Self.prepare
        guard let context = unsafe SSL_CTX_new(isServer ? TLS_server_method() : TLS_client_method()) else {
            throw TLSProblem("out of memory")
        }
        unsafe pointer = unsafe context
        unsafe canary_tls_set_options(context)
        // What could not be sent may lie elsewhere when it is sent again. Who rests needs no buffers.
        unsafe canary_tls_set_mode(
            context,
            Int(
                SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS
            )
        )
        unsafe canary_tls_read_ahead(context)
        unsafe canary_tls_stop_often(context)
        // Envoy's order: AES of 128 bits, and SHA-256 with it, cost less than the others, and are as good.
        unsafe SSL_CTX_set_ciphersuites(
            context,
            "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
        )
        unsafe canary_tls_set_session_cache(context, Int(SSL_SESS_CACHE_OFF))
    }

    deinit { unsafe SSL_CTX_free(pointer) }

    /// Without the system's settings for OpenSSL: a proxy is to do the same on every machine.
    private static let prepare: Void = {
        _ = OPENSSL_init_ssl(UInt64(OPENSSL_INIT_NO_LOAD_CONFIG), nil)
    }()

    /// Its own certificates, in the order in which they were added.
    var certificateFacts: [CertificateFacts] { leaves.map(\.facts) }
    /// Those who are believed, where they were given.
    var authorityFacts: [CertificateFacts] { authorities.map(\.facts) }

    /// What is wrong with it without making it useless, for people. `now` is in seconds since 1970.
    func warning(now: Int64) -> String? {
        for leaf in leaves {
            if let fault = leaf.validity(now) { return "the certificate: \(fault)" }
        }
        return lists.contains { $0.isOutdated(now) }
            ? "the CRL is out of date, and everybody is refused" : nil
    }

    // MARK: - Settings

    func setVersions(_ least: ServerTLS.Version?, _ most: ServerTLS.Version?) throws(TLSProblem) {
        let least = least ?? .tls12
        let most = most ?? .tls13
        guard least <= most else { throw TLSProblem("the least version of TLS is above the most") }
        // Below 1.2 there is nothing that OpenSSL takes for secure.
        if least < .tls12 { unsafe SSL_CTX_set_security_level(pointer, 0) }
        guard unsafe canary_tls_bound_versions(pointer, least.number, most.number) != 0 else {
            throw TLSProblem("no such versions of TLS")
        }
    }

    /// Of versions below 1.3, in the order of preference; names that are unknown are left out, as Istio does.
    func setCipherSuites(_ names: [String]) throws(TLSProblem) {
        guard !names.isEmpty else { return }
        guard unsafe SSL_CTX_set_cipher_list(pointer, names.joined(separator: ":")) == 1 else {
            ERR_clear_error()
            throw TLSProblem("none of the cipher suites is known")
        }
    }

    /// Sessions of another context, or of one with other settings, are not resumed.
    func setIdentity(_ identity: [UInt8]) {
        unsafe SSL_CTX_set_session_id_context(pointer, identity, UInt32(min(identity.count, 32)))
    }

    /// Has a client's sessions handed over as they are agreed on; the callback answers 1 where it keeps one.
    func keepSessions(
        _ body: @convention(c) @escaping (OpaquePointer?, OpaquePointer?) -> Int32
    ) {
        unsafe canary_tls_set_session_cache(pointer, Int(SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL))
        unsafe SSL_CTX_sess_set_new_cb(pointer, body)
    }

    // MARK: - Certificates

    /// Takes a certificate, those behind it, and its key.
    func add(chain: KeyMaterial?, key: KeyMaterial?) throws(TLSProblem) {
        guard let chain, !chain.isEmpty else { throw TLSProblem("there is no certificate (tls.crt)") }
        guard let key, !key.isEmpty else { throw TLSProblem("there is no key (tls.key)") }
        let certificates = try PEM.certificates(in: chain, "the certificate")
        guard let leaf = certificates.first else { throw TLSProblem("the certificate holds none in PEM") }
        guard unsafe SSL_CTX_use_certificate(pointer, leaf.pointer) == 1 else {
            throw TLSProblem("the certificate can't be used: \(TLSProblem.lastReason())")
        }
        for certificate in certificates.dropFirst() {
            guard unsafe canary_tls_add_chain(pointer, certificate.pointer) != 0 else {
                throw TLSProblem("the chain can't be used: \(TLSProblem.lastReason())")
            }
        }
        let privateKey = try PEM.key(in: key)
        guard unsafe SSL_CTX_use_PrivateKey(pointer, privateKey.pointer) == 1,
            unsafe SSL_CTX_check_private_key(pointer) == 1
        else {
            ERR_clear_error()
            throw TLSProblem("the key does not belong to the certificate")
        }
        leaves.append(leaf)
    }

    /// Believes those whom the system believes.
    func trustSystem() throws(TLSProblem) {
        guard unsafe SSL_CTX_set_default_verify_paths(pointer) == 1 else {
            throw TLSProblem("the system's CA certificates can't be read: \(TLSProblem.lastReason())")
        }
    }

    /// Believes those who are signed by some authorities, unless these say that they revoked it.
    func trust(_ authorities: KeyMaterial?, revoked: KeyMaterial?, namesThem: Bool) throws(TLSProblem) {
        guard let authorities, !authorities.isEmpty else {
            throw TLSProblem("there are no CA certificates (ca.crt)")
        }
        let store = unsafe SSL_CTX_get_cert_store(pointer)
        let certificates = try PEM.certificates(in: authorities, "the CA certificate")
        guard !certificates.isEmpty else { throw TLSProblem("the CA certificate holds none in PEM") }
        self.authorities = certificates
        for certificate in certificates {
            unsafe X509_STORE_add_cert(store, certificate.pointer)
            if namesThem { unsafe SSL_CTX_add_client_CA(pointer, certificate.pointer) }
        }
        // As Envoy: who is named is believed, whoever signed it.
        unsafe X509_STORE_set_flags(store, UInt(X509_V_FLAG_PARTIAL_CHAIN))
        if let revoked {
            lists = revoked.isEmpty ? [] : try PEM.revocations(in: revoked)
            guard !lists.isEmpty else {
                throw TLSProblem("the CRL is empty: nobody could tell who was revoked")
            }
            for list in lists { unsafe X509_STORE_add_crl(store, list.pointer) }
            unsafe X509_STORE_set_flags(store, UInt(X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL))
        }
        ERR_clear_error()
    }
}

extension ServerTLS.Version {
    fileprivate var number: Int32 {
        switch self {
        case .tls10: TLS1_VERSION
        case .tls11: TLS1_1_VERSION
        case .tls12: TLS1_2_VERSION
        case .tls13: TLS1_3_VERSION
        }
    }
}
