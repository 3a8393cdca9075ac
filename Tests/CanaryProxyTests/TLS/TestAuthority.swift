// SPDX-License-Identifier: Apache-2.0

import COpenSSL

/// Signs certificates for tests.
final class TestAuthority {
    struct Identity {
        var certificate: String
        var key: String
    }

    let identity: Identity
    private let certificate: OpaquePointer
    private let key: OpaquePointer
    private var serial = 1

    init(_ name: String = "test") {
        key = Self.makeKey()
        certificate = Self.makeCertificate(
            name,
            1,
            days: -1...30,
            of: key,
            [(NID_basic_constraints, "critical,CA:TRUE")]
        )
        X509_set_issuer_name(certificate, X509_get_subject_name(certificate))
        X509_sign(certificate, key, EVP_sha256())
        identity = Identity(certificate: Self.pem(certificate), key: Self.pem(key: key))
    }

    deinit {
        X509_free(certificate)
        EVP_PKEY_free(key)
    }

    /// `names` as OpenSSL writes alternative names: `DNS:a,URI:b`. `days` are from now.
    func issue(_ name: String, _ names: String, days: ClosedRange<Int32> = -1...30) -> Identity {
        serial += 1
        let own = Self.makeKey()
        defer { EVP_PKEY_free(own) }
        let issued = Self.makeCertificate(name, serial, days: days, of: own, [(NID_subject_alt_name, names)])
        defer { X509_free(issued) }
        X509_set_issuer_name(issued, X509_get_subject_name(certificate))
        X509_sign(issued, key, EVP_sha256())
        return Identity(certificate: Self.pem(issued), key: Self.pem(key: own))
    }

    /// The list of what was revoked: the certificate that was issued last.
    func revokeLast() -> String {
        let list = X509_CRL_new()
        defer { X509_CRL_free(list) }
        X509_CRL_set_version(list, 1)
        X509_CRL_set_issuer_name(list, X509_get_subject_name(certificate))
        let time = X509_time_adj_ex(nil, -1, 0, nil)
        defer { ASN1_TIME_free(time) }
        X509_CRL_set1_lastUpdate(list, time)
        let next = X509_time_adj_ex(nil, 30, 0, nil)
        defer { ASN1_TIME_free(next) }
        X509_CRL_set1_nextUpdate(list, next)
        let entry = X509_REVOKED_new()
        let number = ASN1_INTEGER_new()
        defer { ASN1_INTEGER_free(number) }
        ASN1_INTEGER_set(number, serial)
        X509_REVOKED_set_serialNumber(entry, number)
        X509_REVOKED_set_revocationDate(entry, time)
        X509_CRL_add0_revoked(list, entry)
        X509_CRL_sign(list, key, EVP_sha256())
        return Self.text { PEM_write_bio_X509_CRL($0, list) }
    }

    // MARK: - Parts

    private static func makeKey() -> OpaquePointer {
        let context = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, nil)
        defer { EVP_PKEY_CTX_free(context) }
        EVP_PKEY_keygen_init(context)
        EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context, NID_X9_62_prime256v1)
        var key: OpaquePointer?
        EVP_PKEY_keygen(context, &key)
        guard let key else { preconditionFailure("no key") }
        return key
    }

    private static func makeCertificate(
        _ name: String,
        _ serial: Int,
        days: ClosedRange<Int32>,
        of key: OpaquePointer,
        _ extensions: [(Int32, String)]
    ) -> OpaquePointer {
        guard let made = X509_new() else { preconditionFailure("no memory") }
        X509_set_version(made, 2)
        ASN1_INTEGER_set(X509_get_serialNumber(made), serial)
        X509_time_adj_ex(X509_getm_notBefore(made), days.lowerBound, 0, nil)
        X509_time_adj_ex(X509_getm_notAfter(made), days.upperBound, 0, nil)
        X509_set_pubkey(made, key)
        X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_UTF8, name, -1, -1, 0)
        for (kind, value) in extensions {
            let entry = X509V3_EXT_nconf_nid(nil, nil, kind, value)
            X509_add_ext(made, entry, -1)
            X509_EXTENSION_free(entry)
        }
        return made
    }

    private static func pem(_ certificate: OpaquePointer) -> String {
        text { PEM_write_bio_X509($0, certificate) }
    }

    private static func pem(key: OpaquePointer) -> String {
        text { PEM_write_bio_PrivateKey($0, key, nil, nil, 0, nil, nil) }
    }

    private static func text(_ write: (OpaquePointer?) -> Int32) -> String {
        let stream = BIO_new(BIO_s_mem())
        defer { BIO_free(stream) }
        precondition(write(stream) == 1)
        var bytes = [UInt8](repeating: 0, count: Int(BIO_ctrl_pending(stream)))
        BIO_read(stream, &bytes, Int32(bytes.count))
        return String(decoding: bytes, as: UTF8.self)
    }
}
