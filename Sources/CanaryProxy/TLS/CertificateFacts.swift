// SPDX-License-Identifier: Apache-2.0

import COpenSSL
import CanarySystem
import Glibc

/// What people are told of a certificate. Nothing of a key is among it.
struct CertificateFacts: Sendable {
    /// As RFC 2253 writes them.
    var subject: String
    var issuer: String
    /// Hexadecimal, in lower case.
    var serial: String
    /// Seconds since 1970.
    var notBefore: Int64
    var notAfter: Int64
}

extension PEM.Object {
    /// Of a certificate.
    var facts: CertificateFacts {
        unsafe CertificateFacts(
            subject: Self.text(of: X509_get_subject_name(pointer)),
            issuer: Self.text(of: X509_get_issuer_name(pointer)),
            serial: Self.hexadecimal(X509_get0_serialNumber(pointer)),
            notBefore: Self.seconds(X509_get0_notBefore(pointer)),
            notAfter: Self.seconds(X509_get0_notAfter(pointer))
        )
    }

    private static func text(of name: OpaquePointer?) -> String {
        guard let name = unsafe name else { return "" }
        return unsafe String(decoding: TLSName.text(of: name), as: UTF8.self)
    }

    private static func hexadecimal(_ number: UnsafePointer<ASN1_INTEGER>?) -> String {
        guard let value = unsafe ASN1_INTEGER_to_BN(number, nil) else { return "" }
        defer { unsafe BN_free(value) }
        guard let text = unsafe BN_bn2hex(value) else { return "" }
        defer { unsafe canary_tls_free(text) }
        return unsafe String(cString: text).lowercased()
    }

    /// 0 where it can't be read.
    private static func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int64 {
        var parts = unsafe tm()
        guard unsafe ASN1_TIME_to_tm(time, &parts) == 1 else { return 0 }
        return unsafe Int64(timegm(&parts))
    }
}

/// Names of certificates.
enum TLSName {
    /// As RFC 2253 writes it; empty where memory is short.
    static func text(of name: OpaquePointer) -> [UInt8] {
        guard let stream = unsafe BIO_new(BIO_s_mem()) else { return [] }
        defer { unsafe BIO_free(stream) }
        guard unsafe canary_tls_print_name(stream, name) >= 0 else { return [] }
        var text = [UInt8](repeating: 0, count: Int(unsafe BIO_ctrl_pending(stream)))
        let count = unsafe BIO_read(stream, &text, Int32(clamping: text.count))
        return Array(text.prefix(Int(max(count, 0))))
    }
}
