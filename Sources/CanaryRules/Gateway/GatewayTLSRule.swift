// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// The TLS settings of a Gateway's server do not fit its protocol, or lack or contradict a certificate.
enum GatewayTLSRule: ObjectRule {
    static let code = RuleCode("CAN0704", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.gateway]

    private static let plain: Set<String> = ["HTTP", "HTTP2", "HTTP_PROXY", "GRPC", "GRPC-WEB"]
    private static let terminating: Set<String> = ["SIMPLE", "MUTUAL", "OPTIONAL_MUTUAL"]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for server in object.spec?["servers"]?.items ?? [] {
            checkProtocol(server, &report)
            guard let tls = server["tls"] else { continue }
            if mode(tls) == "ISTIO_MUTUAL" {
                checkIstioMutual(tls, &report)
            } else {
                checkSources(tls, &report)
            }
        }
    }

    private static func mode(_ tls: Located) -> String { tls["mode"]?.string ?? "PASSTHROUGH" }

    /// Whether a field is given and says something.
    private static func has(_ key: String, _ tls: Located) -> Bool {
        guard let value = tls[key] else { return false }
        return value.string != "" && (value.node.sequence.map { !$0.isEmpty } ?? true)
    }

    private static func checkProtocol(_ server: Located, _ report: inout RuleReport) {
        guard let name = server["port"]?["protocol"]?.string?.uppercased() else { return }
        let isTLS = name == "HTTPS" || name == "TLS"
        guard let tls = server["tls"] else {
            if isTLS {
                report.add(
                    at: server.field("tls"),
                    "a server of protocol \(name) needs \"tls\"",
                    hint: "add tls: {mode: SIMPLE, credentialName: NAME}, or use protocol HTTP"
                )
            }
            return
        }
        guard !isTLS else { return }
        guard plain.contains(name) else {
            report.add(
                at: tls,
                "a server of protocol \(name) takes no TLS settings",
                hint: "write protocol: TLS, or remove \"tls\""
            )
            return
        }
        let wrong =
            ["PASSTHROUGH", "AUTO_PASSTHROUGH"].contains(mode(tls))
            ? ["serverCertificate", "privateKey", "caCertificates"].first { has($0, tls) } : "mode"
        guard let wrong else { return }
        report.add(
            at: tls.field(wrong),
            "a server of protocol \(name) takes no TLS settings but \"httpsRedirect\"",
            hint: "write protocol: HTTPS, or remove \"\(wrong)\""
        )
    }

    private static func checkIstioMutual(_ tls: Located, _ report: inout RuleReport) {
        let keys = [
            "serverCertificate", "privateKey", "caCertificates", "tlsCertificates", "credentialName",
            "credentialNames",
        ]
        for key in keys where has(key, tls) {
            report.add(
                at: tls.field(key),
                "TLS mode ISTIO_MUTUAL has no \"\(key)\"",
                hint: "leave it out: Istio has certificates of its own"
            )
        }
    }

    private static func checkSources(_ tls: Located, _ report: inout RuleReport) {
        // A server certificate without its key does not count: the credential wins then.
        let sources = ["serverCertificate", "credentialName", "credentialNames", "tlsCertificates"]
            .filter { has($0, tls) && ($0 != "serverCertificate" || has("privateKey", tls)) }
        if sources.count > 1 {
            report.add(
                at: tls.field(sources[1]),
                "only one of \(sources.joined(separator: ", ")) may be given",
                hint: "keep one of them"
            )
        }
        let mode = mode(tls)
        let hasCredential = has("credentialName", tls) || has("credentialNames", tls)
        if terminating.contains(mode) {
            guard !hasCredential else { return }
            checkCertificates(tls, mode, &report)
        }
        guard let list = tls["caCrl"], list.string != "" else { return }
        if has("credentialName", tls) {
            report.add(
                at: list,
                "\"caCrl\" can't be combined with \"credentialName\"",
                hint: "leave it out: the credential may hold a list of its own"
            )
        } else if mode == "SIMPLE" {
            report.add(at: list, "TLS mode SIMPLE has no \"caCrl\"", hint: "leave it out, or use mode MUTUAL")
        }
    }

    private static func checkCertificates(_ tls: Located, _ mode: String, _ report: inout RuleReport) {
        if mode != "SIMPLE", !has("caCertificates", tls), !has("caCertCredentialName", tls) {
            report.add(
                at: tls.field("caCertificates"),
                "TLS mode \(mode) needs \"caCertificates\"",
                hint: "add the file with the certificates of those who sign clients'"
            )
        }
        guard !has("tlsCertificates", tls) else {
            for certificate in tls["tlsCertificates"]?.items ?? [] {
                for key in ["serverCertificate", "privateKey"] where !has(key, certificate) {
                    report.add(
                        at: certificate.field(key),
                        "a certificate needs \"\(key)\"",
                        hint: "add the file's path"
                    )
                }
            }
            return
        }
        for key in ["serverCertificate", "privateKey"] where !has(key, tls) {
            report.add(
                at: tls.field(key),
                "TLS mode \(mode) needs \"\(key)\" or \"credentialName\"",
                hint: "add the file's path, or a credentialName"
            )
        }
    }
}
