// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
package import CanaryResources

/// How TLS is spoken to the endpoints of a cluster. Equal where the settings and certificates are, in whatever table.
package final class UpstreamTLS: Sendable, Hashable {
    package struct Settings: Hashable, Sendable {
        /// The cluster's host, for people.
        package var host: String
        /// What the server is asked for, and has to be unless `names` say otherwise.
        package var serverName: String
        /// Whether HTTP/2 is spoken: what TLS is to agree on.
        package var isHTTP2: Bool
        /// With the certificates of a Secret, where one is named; its paths are of files.
        package var tls: ClientTLS
        package var credential: TLSCredential?
    }

    package let settings: Settings
    private let number: Int

    init(_ settings: Settings) {
        self.settings = settings
        number = settings.hashValue
    }

    package static func == (left: UpstreamTLS, right: UpstreamTLS) -> Bool {
        left === right || left.number == right.number && left.settings == right.settings
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(number) }
}

extension DestinationLookup {
    /// How TLS is spoken to a port of a destination; `nil` where it is not. Istio's own certificates are no machine's: a rule tells
    /// of ISTIO_MUTUAL.
    func upstreamTLS(of destination: ResolvedDestination, _ port: HostService.Port, _ policy: EffectivePolicy)
        -> UpstreamTLS?
    {
        guard var tls = policy.tls, tls.mode == .simple || tls.mode == .mutual else { return nil }
        if tls.subjectAltNames.isEmpty { tls.subjectAltNames = destination.service?.subjectAltNames ?? [] }
        return UpstreamTLS(
            UpstreamTLS.Settings(
                host: destination.host,
                serverName: tls.sni ?? destination.host,
                isHTTP2: UpstreamProtocol(port, policy.connectionPool) == .http2,
                tls: tls,
                credential: tls.credentialName.map {
                    credential($0, destination.policy.credentialNamespace ?? "")
                }
            )
        )
    }
}
