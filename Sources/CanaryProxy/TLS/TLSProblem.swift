// SPDX-License-Identifier: Apache-2.0

import COpenSSL

/// What is wrong with certificates, keys or a peer, for people.
struct TLSProblem: Error, Equatable {
    let text: String

    init(_ text: String) { self.text = text }

    /// Why a handshake failed that has just done so.
    static func reason(ofHandshake session: OpaquePointer) -> String {
        let code = ERR_peek_error()
        // The library's own word for it says no more than that it failed.
        let verdict = unsafe SSL_get_verify_result(session)
        if verdict != Int(X509_V_OK), ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED {
            return unsafe "certificate: " + String(cString: X509_verify_cert_error_string(verdict))
        }
        guard code != 0 else { return "the peer closed the connection" }
        return unsafe ERR_reason_error_string(code).map { unsafe String(cString: $0) } ?? "error \(code)"
    }

    /// What the library said last, to be put behind what was tried.
    static func lastReason() -> String {
        defer { ERR_clear_error() }
        let code = ERR_peek_last_error()
        return unsafe ERR_reason_error_string(code).map { unsafe String(cString: $0) } ?? "error \(code)"
    }
}
