// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// TLS settings of a Gateway's server have no effect: a redirect to HTTPS on a port that is not HTTP, or certificates where
/// TLS is passed through.
enum GatewayTLSIneffectiveRule: ObjectRule {
    static let code = RuleCode("CAN0705", istio: "IST0133")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.gateway]

    private static let plain: Set<String> = ["HTTP", "HTTP2", "GRPC", "GRPC-WEB", "HTTP_PROXY"]
    private static let certificates = [
        "serverCertificate", "privateKey", "caCertificates", "caCrl", "credentialName", "credentialNames",
        "tlsCertificates",
    ]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for server in object.spec?["servers"]?.items ?? [] {
            guard let tls = server["tls"] else { continue }
            let name = server["port"]?["protocol"]?.string?.uppercased() ?? ""
            if let redirect = tls["httpsRedirect"], redirect.node.bool == true, !plain.contains(name) {
                report.add(
                    at: redirect,
                    "\"httpsRedirect\" has no effect on a port of protocol \(name)",
                    hint: "move it to the server of the HTTP port"
                )
            }
            let mode = tls["mode"]?.string ?? "PASSTHROUGH"
            guard ["PASSTHROUGH", "AUTO_PASSTHROUGH"].contains(mode) else { continue }
            let given = certificates.compactMap { tls[$0] }.first {
                $0.string != "" && ($0.node.sequence.map { !$0.isEmpty } ?? true)
            }
            guard let given else { continue }
            report.add(
                at: given,
                "TLS mode \(mode) uses no certificates, and \(given.label) has no effect",
                hint: "remove it, or write mode: SIMPLE"
            )
        }
    }
}
