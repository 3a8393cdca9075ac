// SPDX-License-Identifier: Apache-2.0

/// The certificates and the key of a Secret, under Kubernetes' names (`kubernetes.io/tls`) or Istio's generic ones.
package struct Credential: Hashable, Sendable {
    /// The certificate and those between it and who signed it first.
    package var certificate: KeyMaterial?
    package var key: KeyMaterial?
    /// Those who sign the other side's certificates, and what they revoked.
    package var authorities: KeyMaterial?
    package var revoked: KeyMaterial?

    package init(
        certificate: KeyMaterial? = nil,
        key: KeyMaterial? = nil,
        authorities: KeyMaterial? = nil,
        revoked: KeyMaterial? = nil
    ) {
        self.certificate = certificate
        self.key = key
        self.authorities = authorities
        self.revoked = revoked
    }

    /// `nil` for a Secret without any of them.
    init?(_ body: Node) {
        certificate = Self.material(["tls.crt", "cert"], body)
        key = Self.material(["tls.key", "key"], body)
        authorities = Self.material(["ca.crt", "cacert"], body)
        revoked = Self.material(["ca.crl", "crl"], body)
        if self == Credential() { return nil }
    }

    /// What `stringData` says is newer than `data`, as with kubectl.
    private static func material(_ names: [String], _ body: Node) -> KeyMaterial? {
        for name in names {
            if let text = body["stringData"]?[name]?.string { return KeyMaterial(text.utf8) }
            if let text = body["data"]?[name]?.string { return KeyMaterial(base64: text) }
        }
        return nil
    }
}
