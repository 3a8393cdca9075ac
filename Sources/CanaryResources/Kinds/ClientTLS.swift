// SPDX-License-Identifier: Apache-2.0

/// The TLS settings towards a host (Istio's `ClientTLSSettings`).
package struct ClientTLS: Hashable, Sendable {
    package enum Mode: String, Sendable {
        case disable = "DISABLE"
        case simple = "SIMPLE"
        case mutual = "MUTUAL"
        case istioMutual = "ISTIO_MUTUAL"
    }

    package var mode: Mode
    /// Paths.
    package var clientCertificate: String?
    package var privateKey: String?
    package var caCertificates: String?
    package var caCrl: String?
    /// The Secret that holds them instead.
    package var credentialName: String?
    /// One of which the server's certificate must have; none for the name that it is asked for.
    package var subjectAltNames: [String]
    /// The name that the server is asked for; `nil` for the host's own.
    package var sni: String?
    /// Whether any certificate of the server's is believed.
    package var insecureSkipVerify: Bool

    init(_ node: Node) {
        mode = node["mode"]?.string.flatMap(Mode.init) ?? .disable
        clientCertificate = node.text("clientCertificate")
        privateKey = node.text("privateKey")
        caCertificates = node.text("caCertificates")
        caCrl = node.text("caCrl")
        credentialName = node.text("credentialName")
        subjectAltNames = node["subjectAltNames"]?.strings ?? []
        sni = node.text("sni")
        insecureSkipVerify = node["insecureSkipVerify"]?.bool ?? false
    }
}
