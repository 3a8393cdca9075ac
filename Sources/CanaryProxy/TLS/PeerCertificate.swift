// SPDX-License-Identifier: Apache-2.0

import COpenSSL
import CanaryMesh
import CanaryResources
import CanaryRouting

/// What the certificate of the other side says, once it was believed.
@safe struct PeerCertificate: ~Copyable {
    private let pointer: OpaquePointer

    /// `nil` where there is none.
    init?(of session: OpaquePointer) {
        guard let certificate = unsafe SSL_get1_peer_certificate(session) else { return nil }
        unsafe pointer = unsafe certificate
    }

    deinit { unsafe X509_free(pointer) }

    struct AlternativeName {
        enum Kind {
            case dns, uri, mail, address
        }

        var kind: Kind
        /// Of an address, its 4 or 16 bytes.
        var bytes: [UInt8]
    }

    /// The names besides the subject, in their order; of kinds that nobody asks for, none.
    var alternativeNames: [AlternativeName] {
        guard let found = unsafe X509_get_ext_d2i(pointer, NID_subject_alt_name, nil, nil) else { return [] }
        let names = OpaquePointer(found)
        defer { unsafe canary_tls_free_names(names) }
        return unsafe (0..<canary_tls_name_count(names)).compactMap { index in
            let name = unsafe canary_tls_name(names, index)
            let kind: AlternativeName.Kind
            switch unsafe canary_tls_name_kind(name) {
            case GEN_DNS: kind = .dns
            case GEN_URI: kind = .uri
            case GEN_EMAIL: kind = .mail
            case GEN_IPADD: kind = .address
            default: return nil
            }
            let text = unsafe canary_tls_name_text(name)
            let bytes = unsafe UnsafeBufferPointer(
                start: ASN1_STRING_get0_data(text),
                count: Int(ASN1_STRING_length(text))
            )
            return AlternativeName(kind: kind, bytes: unsafe Array(bytes))
        }
    }

    /// SHA-256 of the certificate, and of its public key.
    var hash: [UInt8] {
        unsafe digest { unsafe X509_digest(pointer, EVP_sha256(), $0, $1) }
    }

    var publicKeyHash: [UInt8] {
        var text: UnsafeMutablePointer<UInt8>?
        let count = unsafe i2d_X509_PUBKEY(X509_get_X509_PUBKEY(pointer), &text)
        defer { unsafe canary_tls_free(text) }
        guard count > 0 else { return [] }
        return unsafe digest { unsafe EVP_Digest(text, Int(count), $0, $1, EVP_sha256(), nil) }
    }

    private func digest(_ body: (UnsafeMutablePointer<UInt8>?, UnsafeMutablePointer<UInt32>) -> Int32)
        -> [UInt8]
    {
        var bytes = [UInt8](repeating: 0, count: 32)
        var count: UInt32 = 0
        return unsafe body(&bytes, &count) == 1 ? bytes : []
    }

    /// The subject as RFC 2253 writes it.
    var subject: [UInt8] {
        unsafe X509_get_subject_name(pointer).map { unsafe TLSName.text(of: $0) } ?? []
    }

    /// What Istio's gateways tell upstreams (`x-forwarded-client-cert`): hash, subject, and names of kinds URI and DNS, in Envoy's
    /// order, which has an empty URI where there is none.
    func forwardedText() -> [UInt8] {
        var text = Array("Hash=".utf8)
        for byte in hash {
            for digit in [byte >> 4, byte & 15] { text.append(digit < 10 ? 48 + digit : 87 + digit) }
        }
        text += Array(";Subject=\"".utf8)
        for byte in subject {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { text.append(UInt8(ascii: "\\")) }
            text.append(byte)
        }
        text.append(UInt8(ascii: "\""))
        let names = alternativeNames
        let uris = names.filter { $0.kind == .uri }.map(\.bytes)
        for uri in uris.isEmpty ? [[]] : uris { text += Array(";URI=".utf8) + uri }
        for name in names where name.kind == .dns { text += Array(";DNS=".utf8) + name.bytes }
        // Whoever made the certificate may have written anything: nothing of it begins a field of its own.
        return text.map { $0 < 32 || $0 == 127 ? UInt8(ascii: "?") : $0 }
    }
}

extension PeerCertificate.AlternativeName {
    /// Whether it is a name, or a wildcard for one label of it, as Envoy compares names of kind DNS.
    fileprivate func stands(for name: [UInt8]) -> Bool {
        if bytes == name { return true }
        guard kind == .dns, bytes.starts(with: "*.".utf8), let dot = name.firstIndex(of: UInt8(ascii: ".")),
            dot > 0
        else { return false }
        return name[dot...].elementsEqual(bytes.dropFirst())
    }
}

/// What a certificate has to be besides believed.
struct PeerRequirement: Sendable {
    private let names: [[UInt8]]
    /// SHA-256.
    private let hashes: [[UInt8]]
    private let publicKeyHashes: [[UInt8]]

    init(_ tls: ServerTLS) {
        names = tls.subjectAltNames.map { Array($0.utf8) }
        hashes = tls.certificateHashes.map(Self.hexadecimal)
        publicKeyHashes = tls.publicKeyHashes.map { Base64.decode($0.utf8, .kubernetes) ?? [] }
    }

    /// Names that a server has to have.
    init(names: [String]) {
        self.names = names.map { Array($0.utf8) }
        hashes = []
        publicKeyHashes = []
    }

    /// With or without colons between the bytes.
    private static func hexadecimal(_ text: String) -> [UInt8] {
        let digits = text.compactMap(\.hexDigitValue)
        return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }

    /// Whether a certificate has one of the names, and one of the hashes, if any are asked for.
    func accepts(_ certificate: borrowing PeerCertificate) -> Bool {
        if !names.isEmpty {
            let found = certificate.alternativeNames.filter { $0.kind != .address }
            guard names.contains(where: { name in found.contains { $0.stands(for: name) } }) else {
                return false
            }
        }
        guard !hashes.isEmpty || !publicKeyHashes.isEmpty else { return true }
        return hashes.contains(certificate.hash) || publicKeyHashes.contains(certificate.publicKeyHash)
    }
}

extension TLSConnection {
    /// Whether the client is one that a server lets in; notes what upstreams are told of it.
    mutating func admitsPeer(_ server: TLSServer) -> Bool {
        guard let certificate = unsafe withSession({ unsafe PeerCertificate(of: $0) }) else {
            return server.settings.tls.mode != .mutual
        }
        guard server.settings.tls.mode != .simple else { return true }
        guard server.peers.accepts(certificate) else { return false }
        unsafe certificate.forwardedText().withUnsafeBufferPointer {
            peerCertificate.append(unsafe ByteSlice($0))
        }
        return true
    }
}
