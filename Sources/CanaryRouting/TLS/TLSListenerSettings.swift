// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
package import CanaryResources

/// How TLS is dealt with at a port of Gateways: by the name that a client asks for.
package struct TLSListenerSettings: Hashable, Sendable {
    /// In the order of the Gateways' age. Of several that take a name, the one with the closest pattern counts, and of those the
    /// first.
    package var servers: [TLSServerSettings]
}

/// One server of a Gateway.
package struct TLSServerSettings: Hashable, Sendable {
    /// The Gateway, as `namespace/name`.
    package var origin: String
    /// The server's hosts in lower case, without namespaces: names, `*.example.com`, `*`.
    package var names: [String]
    /// Whether requests are read once TLS has ended, rather than bytes passed on.
    package var isHTTP: Bool
    package var tls: ServerTLS
    package var credentials: [TLSCredential]
    /// Those who sign clients' certificates, where another Secret has them.
    package var authorities: TLSCredential?
}

/// A certificate with its key, and where they are from.
package enum TLSCredential: Hashable, Sendable {
    /// A Secret, as `namespace/name`; without a credential, it is missing or holds none.
    case secret(String, Credential?)
    case files(ServerTLS.Files)

    /// What it is, for people.
    package var description: String {
        switch self {
        case .secret(let name, _): "Secret \(name)"
        case .files(let files): "file \(files.certificate)"
        }
    }
}

extension TLSServerSettings {
    /// The settings of a Gateway's server, with the Secrets that it names.
    init?(_ server: Gateway.Server, of gateway: GatewayReference, in snapshot: ClusterSnapshot) {
        guard let tls = server.tls, server.isTLS else { return nil }
        origin = "\(gateway.namespace)/\(gateway.name)"
        names = server.hosts.map { GatewayHost($0, gatewayNamespace: gateway.namespace).pattern }
        isHTTP = server.isHTTPS
        self.tls = tls
        credentials = []
        guard tls.mode.terminates else { return }
        let secrets = tls.credentialNames.map { TLSCredential($0, gateway.namespace, snapshot) }
        credentials = secrets.isEmpty ? tls.files.map(TLSCredential.files) : secrets
        authorities = Self.authorities(tls, gateway.namespace, snapshot)
    }

    /// What `caCertCredentialName` names, or the Secret beside the credential that is called after it (Istio's `NAME-cacert`).
    private static func authorities(_ tls: ServerTLS, _ namespace: String, _ snapshot: ClusterSnapshot)
        -> TLSCredential?
    {
        guard tls.mode != .simple else { return nil }
        if let name = tls.caCertCredentialName { return TLSCredential(name, namespace, snapshot) }
        guard let name = tls.credentialNames.first else { return nil }
        let beside = TLSCredential("\(name)-cacert", namespace, snapshot)
        guard case .secret(_, .some) = beside else { return nil }
        return beside
    }
}

extension TLSCredential {
    /// Where Istio's gateways run, and so find their Secrets.
    private static let gatewayNamespace = "istio-system"

    /// The Secret of a name, which may carry a scheme and a namespace: that of the Gateway itself, or of Istio's gateways.
    init(_ written: String, _ namespace: String, _ snapshot: ClusterSnapshot) {
        let path =
            written.lastIndex(of: ":").map { String(written[$0...].drop { ":/".contains($0) }) } ?? written
        let parts = path.split(separator: "/", maxSplits: 1).map(String.init)
        let (namespaces, name) =
            parts.count == 2 ? ([parts[0]], parts[1]) : ([namespace, Self.gatewayNamespace], path)
        for namespace in namespaces {
            let key = ResourceKey(.secret, namespace: namespace, name: name)
            guard let credential = snapshot.resource(key)?.credential else { continue }
            self = .secret("\(namespace)/\(name)", credential)
            return
        }
        self = .secret("\(namespaces[0])/\(name)", nil)
    }
}
