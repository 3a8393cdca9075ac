// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources
import CanaryRouting

/// Puts what TLS is spoken with into Envoy's words. Certificates and keys are named by the files that hold them, never written
/// down; what Secrets hold is to be put into files, which are gathered. Belongs to one thread.
final class EnvoyTLS {
    private(set) var files: [EnvoyConfiguration.File] = []
    private var known: Set<String> = []
    /// Where those files are, without a slash at the end.
    private let directory: String
    private let warn: (String) -> Void

    init(directory: String, warn: @escaping (String) -> Void) {
        self.directory = directory
        self.warn = warn
    }

    /// Why something can't be told Envoy.
    struct Unusable: Error {
        var reason: String
    }

    /// Those who are believed where nobody is named.
    private static let systemAuthorities = "/etc/ssl/certs/ca-certificates.crt"

    // MARK: - Clients

    /// The transport socket of a server that ends TLS; `nil` where it has no certificate.
    func socket(of settings: TLSServerSettings) -> Node? {
        do throws(Unusable) {
            let tls = settings.tls
            guard !settings.credentials.isEmpty else {
                throw Unusable(reason: "neither credentialName nor files are given")
            }
            var certificates: [Node] = []
            for credential in settings.credentials { certificates.append(try certificate(credential)) }
            let asks = tls.mode != .simple
            let wantsMore = !(tls.subjectAltNames + tls.certificateHashes + tls.publicKeyHashes).isEmpty
            if tls.mode == .optionalMutual, wantsMore {
                warn(
                    "Gateway/\(settings.origin), \(settings.names.joined(separator: ", ")): "
                        + "Envoy lets in nobody without a certificate where it is to have certain names or hashes"
                )
            }
            let common = Node.message([
                "tls_params": parameters(tls),
                "tls_certificates": .sequence(certificates),
                "validation_context": asks ? try validation(settings) : nil,
                "alpn_protocols": settings.isHTTP ? .sequence([.string("h2"), .string("http/1.1")]) : nil,
            ])
            return Self.socket(
                "DownstreamTlsContext",
                [
                    "common_tls_context": common,
                    "require_client_certificate": tls.mode == .mutual ? .bool(true) : nil,
                    // A ticket would let a client in whose certificate has expired since.
                    "disable_stateless_session_resumption": asks ? .bool(true) : nil,
                ]
            )
        } catch {
            let names = settings.names.joined(separator: ", ")
            warn("Gateway/\(settings.origin), \(names): the server is left out: \(error.reason)")
            return nil
        }
    }

    private func validation(_ settings: TLSServerSettings) throws(Unusable) -> Node {
        let tls = settings.tls
        let source = settings.authorities ?? settings.credentials.first
        guard let authorities = source.flatMap({ path($0, "ca.crt", \.authorities) }) ?? tls.caCertificates
        else { throw Unusable(reason: "there are no CA certificates (ca.crt)") }
        let revoked = source.flatMap { path($0, "ca.crl", \.revoked) } ?? tls.caCrl
        return .message([
            "trusted_ca": Self.file(authorities),
            "crl": revoked.map(Self.file),
            "match_typed_subject_alt_names": Self.matchers(tls.subjectAltNames),
            "verify_certificate_hash": .repeated(tls.certificateHashes.map(Node.string)),
            "verify_certificate_spki": .repeated(tls.publicKeyHashes.map(Node.string)),
        ])
    }

    private func parameters(_ tls: ServerTLS) -> Node {
        let suites = CipherSuites.known(among: tls.cipherSuites)
        return .message([
            "tls_minimum_protocol_version": .string((tls.minVersion ?? .tls12).envoyName),
            "tls_maximum_protocol_version": .string((tls.maxVersion ?? .tls13).envoyName),
            "cipher_suites": .repeated(suites.map(Node.string)),
        ])
    }

    // MARK: - Endpoints

    /// The transport socket towards a cluster; `nil` where it can't be had, so that nothing may be sent.
    func socket(to tls: UpstreamTLS) -> Node? {
        let settings = tls.settings
        do throws(Unusable) {
            let common = Node.message([
                "tls_params": .message([
                    "tls_minimum_protocol_version": .string("TLSv1_2"),
                    "tls_maximum_protocol_version": .string("TLSv1_3"),
                ]),
                "tls_certificates": settings.tls.mode == .mutual
                    ? .sequence([try certificate(settings)]) : nil,
                "validation_context": settings.tls.insecureSkipVerify ? nil : try validation(settings),
                "alpn_protocols": .sequence([.string(settings.isHTTP2 ? "h2" : "http/1.1")]),
            ])
            let isAddress = IPAddress.isValid(settings.serverName)
            return Self.socket(
                "UpstreamTlsContext",
                ["common_tls_context": common, "sni": isAddress ? nil : .string(settings.serverName)]
            )
        } catch {
            warn("TLS to \(settings.host): \(error.reason): requests for it get 503")
            return nil
        }
    }

    private func certificate(_ settings: UpstreamTLS.Settings) throws(Unusable) -> Node {
        if let credential = settings.credential { return try certificate(credential) }
        guard let chain = settings.tls.clientCertificate, let key = settings.tls.privateKey else {
            throw Unusable(reason: "there is no certificate")
        }
        return Self.certificate(chain, key)
    }

    /// As the proxy: one of the names that are asked for, else the server's.
    private func validation(_ settings: UpstreamTLS.Settings) throws(Unusable) -> Node {
        let own = settings.credential == nil ? settings.tls.caCertificates : nil
        let revoked = settings.credential == nil ? settings.tls.caCrl : nil
        if case .secret(let name, .none) = settings.credential {
            throw Unusable(reason: "Secret \(name) does not exist, or holds no certificate")
        }
        let authorities = settings.credential.flatMap { path($0, "ca.crt", \.authorities) } ?? own
        let crl = settings.credential.flatMap { path($0, "ca.crl", \.revoked) } ?? revoked
        let names = settings.tls.subjectAltNames
        return .message([
            "trusted_ca": Self.file(authorities ?? Self.systemAuthorities),
            "crl": crl.map(Self.file),
            "match_typed_subject_alt_names": names.isEmpty
                ? .sequence([Self.matcher(of: settings.serverName)]) : Self.matchers(names),
        ])
    }

    // MARK: - Files

    private func certificate(_ credential: TLSCredential) throws(Unusable) -> Node {
        if case .files(let files) = credential { return Self.certificate(files.certificate, files.key) }
        guard let chain = path(credential, "tls.crt", \.certificate) else {
            throw Unusable(reason: "\(credential.description) does not exist, or holds no certificate")
        }
        guard let key = path(credential, "tls.key", \.key) else {
            throw Unusable(reason: "\(credential.description) holds no key")
        }
        return Self.certificate(chain, key)
    }

    /// The file that has something of a Secret's; `nil` where that has none, and for what is no Secret's.
    private func path(
        _ credential: TLSCredential,
        _ name: String,
        _ part: KeyPath<Credential, KeyMaterial?>
    ) -> String? {
        guard case .secret(let secret, .some(let found)) = credential, let content = found[keyPath: part]
        else { return nil }
        let path = "\(secret)/\(name)"
        if known.insert(path).inserted { files.append(.init(path: path, secret: secret, content: content)) }
        return "\(directory)/\(path)"
    }

    // MARK: - Messages

    private static func socket(_ type: String, _ fields: KeyValuePairs<String, Node?>) -> Node {
        .message([
            "name": .string("envoy.transport_sockets.tls"),
            "typed_config": .any("envoy.extensions.transport_sockets.tls.v3.\(type)", fields),
        ])
    }

    private static func certificate(_ chain: String, _ key: String) -> Node {
        .message(["certificate_chain": file(chain), "private_key": file(key)])
    }

    private static func file(_ path: String) -> Node { .message(["filename": .string(path)]) }

    /// A certificate has to have one of some names, of whatever kind.
    private static func matchers(_ names: [String]) -> Node? {
        .repeated(names.flatMap { name in ["DNS", "URI", "EMAIL"].map { matcher($0, name) } })
    }

    private static func matcher(of serverName: String) -> Node {
        matcher(IPAddress.isValid(serverName) ? "IP_ADDRESS" : "DNS", serverName)
    }

    private static func matcher(_ kind: String, _ name: String) -> Node {
        .message(["san_type": .string(kind), "matcher": .stringMatcher(.exact, name)])
    }
}

extension ServerTLS.Version {
    fileprivate var envoyName: String {
        switch self {
        case .tls10: "TLSv1_0"
        case .tls11: "TLSv1_1"
        case .tls12: "TLSv1_2"
        case .tls13: "TLSv1_3"
        }
    }
}
