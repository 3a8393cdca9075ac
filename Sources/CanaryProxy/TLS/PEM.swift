// SPDX-License-Identifier: Apache-2.0

import COpenSSL
import CanaryResources
import CanarySystem

/// Certificates, keys and lists of what was revoked, as texts hold them.
enum PEM {
    /// Something of OpenSSL's that is counted by who has it.
    @safe final class Object {
        let pointer: OpaquePointer
        private let release: (OpaquePointer) -> Void

        fileprivate init(_ pointer: OpaquePointer, _ release: @escaping (OpaquePointer) -> Void) {
            unsafe self.pointer = unsafe pointer
            unsafe self.release = unsafe release
        }

        deinit { unsafe release(pointer) }
    }

    static func certificates(in text: KeyMaterial, _ what: String) throws(TLSProblem) -> [Object] {
        try unsafe all(in: text, what) {
            unsafe PEM_read_bio_X509_AUX($0, nil, nil, nil)
        } release: {
            unsafe X509_free($0)
        }
    }

    static func revocations(in text: KeyMaterial) throws(TLSProblem) -> [Object] {
        try unsafe all(in: text, "the CRL") {
            unsafe PEM_read_bio_X509_CRL($0, nil, nil, nil)
        } release: {
            unsafe X509_CRL_free($0)
        }
    }

    static func key(in text: KeyMaterial) throws(TLSProblem) -> Object {
        let key = unsafe read(text) { stream in
            // Nobody is there to be asked for a pass phrase.
            unsafe PEM_read_bio_PrivateKey(stream, nil, { _, _, _, _ in 0 }, nil)
        }
        guard let key = unsafe key else {
            ERR_clear_error()
            throw TLSProblem("the key can't be read: it has to be in PEM, without a pass phrase")
        }
        return unsafe Object(key) { unsafe EVP_PKEY_free($0) }
    }

    private static func read<Result>(_ text: KeyMaterial, _ body: (OpaquePointer) -> Result?) -> Result? {
        unsafe text.withBytes { bytes in
            guard let stream = unsafe BIO_new_mem_buf(bytes.baseAddress, Int32(clamping: bytes.count)) else {
                return nil
            }
            defer { unsafe BIO_free(stream) }
            return unsafe body(stream)
        }
    }

    /// All of a kind; texts between them are comments.
    private static func all(
        in text: KeyMaterial,
        _ what: String,
        read next: (OpaquePointer) -> OpaquePointer?,
        release: @escaping (OpaquePointer) -> Void
    ) throws(TLSProblem) -> [Object] {
        var objects: [Object] = []
        _ = unsafe read(text) { stream -> Void in
            while let object = unsafe next(stream) { unsafe objects.append(Object(object, release)) }
        }
        // The list of errors says how the reading ended: at the end of the text, or before.
        let code = ERR_peek_last_error()
        ERR_clear_error()
        guard ERR_GET_LIB(code) == ERR_LIB_PEM, ERR_GET_REASON(code) == PEM_R_NO_START_LINE else {
            throw TLSProblem("\(what) can't be read: it has to be in PEM")
        }
        return objects
    }
}

extension PEM.Object {
    /// What is wrong with the time that a certificate is good for, in seconds since 1970; `nil` where nothing is.
    func validity(_ now: Int64) -> String? {
        var time = time_t(now)
        let end = unsafe X509_get0_notAfter(pointer)
        if unsafe X509_cmp_time(end, &time) < 0 { return unsafe "it expired on \(Self.text(end))" }
        let start = unsafe X509_get0_notBefore(pointer)
        if unsafe X509_cmp_time(start, &time) > 0 {
            return unsafe "it is not valid before \(Self.text(start))"
        }
        return nil
    }

    /// Whether a list should have been followed by another.
    func isOutdated(_ now: Int64) -> Bool {
        var time = time_t(now)
        guard let next = unsafe X509_CRL_get0_nextUpdate(pointer) else { return false }
        return unsafe X509_cmp_time(next, &time) < 0
    }

    private static func text(_ time: UnsafePointer<ASN1_TIME>?) -> String {
        var (year, month, day): (Int32, Int32, Int32) = (0, 0, 0)
        guard unsafe canary_tls_day(time, &year, &month, &day) != 0 else { return "an unknown day" }
        return "\(year)-\(month < 10 ? "0" : "")\(month)-\(day < 10 ? "0" : "")\(day)"
    }
}
