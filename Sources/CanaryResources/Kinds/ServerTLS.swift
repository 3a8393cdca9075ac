// SPDX-License-Identifier: Apache-2.0

/// The TLS settings of a Gateway's server (Istio's `ServerTLSSettings`).
package struct ServerTLS: Hashable, Sendable {
    package enum Mode: String, Sendable {
        case passthrough = "PASSTHROUGH"
        case simple = "SIMPLE"
        case mutual = "MUTUAL"
        case optionalMutual = "OPTIONAL_MUTUAL"
        case autoPassthrough = "AUTO_PASSTHROUGH"
        case istioMutual = "ISTIO_MUTUAL"

        /// Whether the proxy ends TLS itself, with certificates that it is given.
        package var terminates: Bool { self == .simple || self == .mutual || self == .optionalMutual }
    }

    /// Paths of a certificate chain and its key.
    package struct Files: Hashable, Sendable {
        package var certificate: String
        package var key: String
    }

    package enum Version: Int, Sendable, Comparable {
        case tls10, tls11, tls12, tls13

        package static func < (left: Version, right: Version) -> Bool { left.rawValue < right.rawValue }

        fileprivate init?(_ written: String?) {
            switch written {
            case "TLSV1_0": self = .tls10
            case "TLSV1_1": self = .tls11
            case "TLSV1_2": self = .tls12
            case "TLSV1_3": self = .tls13
            default: return nil
            }
        }
    }

    /// As Istio, which takes what is no mode for the first of its list.
    package var mode: Mode
    package var httpsRedirect: Bool
    /// The Secrets that hold certificates and keys.
    package var credentialNames: [String]
    /// The Secret that holds those who sign clients' certificates, where it is not the credential itself.
    package var caCertCredentialName: String?
    package var files: [Files]
    /// Paths of those who sign clients' certificates, and of what they revoked.
    package var caCertificates: String?
    package var caCrl: String?
    /// What a client's certificate has to be, where any of the three lists says something.
    package var subjectAltNames: [String]
    package var certificateHashes: [String]
    package var publicKeyHashes: [String]
    /// `nil` for the usual ones.
    package var minVersion: Version?
    package var maxVersion: Version?
    package var cipherSuites: [String]

    init(_ node: Node) {
        mode = node["mode"]?.string.flatMap(Mode.init) ?? .passthrough
        httpsRedirect = node["httpsRedirect"]?.bool ?? false
        let names =
            [node["credentialName"]?.string].compactMap(\.self) + (node["credentialNames"]?.strings ?? [])
        credentialNames = names.filter { !$0.isEmpty }
        caCertCredentialName = node.text("caCertCredentialName")
        files = ([node] + (node["tlsCertificates"]?.items ?? [])).compactMap(Files.init)
        caCertificates = node.text("caCertificates")
        caCrl = node.text("caCrl")
        subjectAltNames = node["subjectAltNames"]?.strings ?? []
        certificateHashes = node["verifyCertificateHash"]?.strings ?? []
        publicKeyHashes = node["verifyCertificateSpki"]?.strings ?? []
        minVersion = Version(node["minProtocolVersion"]?.string)
        maxVersion = Version(node["maxProtocolVersion"]?.string)
        cipherSuites = node["cipherSuites"]?.strings ?? []
    }
}

extension ServerTLS.Files {
    fileprivate init?(_ node: Node) {
        guard let certificate = node.text("serverCertificate"), let key = node.text("privateKey") else {
            return nil
        }
        self.init(certificate: certificate, key: key)
    }
}

extension Node {
    /// A text that says something.
    func text(_ key: String) -> String? {
        self[key]?.string.flatMap { $0.isEmpty ? nil : $0 }
    }
}
