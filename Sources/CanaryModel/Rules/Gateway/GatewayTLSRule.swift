// SPDX-License-Identifier: Apache-2.0

/// The TLS settings of a Gateway's server do not fit its protocol, or lack or contradict a certificate.
enum GatewayTLSRule: ObjectRule {
    static let code = RuleCode("CAN0704", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.gateway]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for server in object.spec?["servers"]?.items ?? [] {
            let name = server["port"]?["protocol"]?.string?.uppercased() ?? ""
            let isTLS = name == "HTTPS" || name == "TLS"
            guard let tls = server["tls"] else {
                if isTLS { report.add(at: server.field("tls"), "a server of protocol \(name) needs \"tls\"") }
                continue
            }
            if ["HTTP", "HTTP2", "GRPC", "GRPC-WEB"].contains(name) {
                let others = tls.entries.filter { $0.key != "httpsRedirect" && !$0.value.isNull }
                if let other = others.first {
                    report.add(
                        at: other.value,
                        "a server of protocol \(name) has no TLS settings but \"httpsRedirect\""
                    )
                }
            } else if isTLS {
                check(tls, name, &report)
            }
        }
    }

    private static func check(_ tls: Located, _ name: String, _ report: inout RuleReport) {
        func has(_ key: String) -> Bool {
            guard let value = tls[key] else { return false }
            return value.string != "" && (value.node.sequence.map { !$0.isEmpty } ?? true)
        }
        let mode = tls["mode"]?.string ?? "PASSTHROUGH"
        let isTerminating = ["SIMPLE", "MUTUAL", "OPTIONAL_MUTUAL"].contains(mode)
        // A server certificate without its key does not count: the credential wins then.
        let sources = ["serverCertificate", "credentialName", "credentialNames", "tlsCertificates"]
            .filter { has($0) && ($0 != "serverCertificate" || has("privateKey")) }
        if isTerminating, sources.count > 1 {
            report.add(
                at: tls.field(sources[1]),
                "only one of \(sources.joined(separator: ", ")) may be given"
            )
        }
        for certificate in tls["tlsCertificates"]?.items ?? [] where isTerminating {
            for key in ["serverCertificate", "privateKey"] where (certificate[key]?.string ?? "").isEmpty {
                report.add(at: certificate.field(key), "a certificate needs \"\(key)\"")
            }
        }
        if mode == "MUTUAL", has("tlsCertificates"), !has("caCertificates"), !has("caCertCredentialName") {
            report.add(at: tls.field("caCertificates"), "TLS mode MUTUAL needs \"caCertificates\"")
        }
        if has("credentialName") || has("credentialNames") || has("tlsCertificates") {
            if isTerminating { return }
        }
        let needed: [String] =
            switch mode {
            case "SIMPLE", "OPTIONAL_MUTUAL": ["serverCertificate", "privateKey"]
            case "MUTUAL": ["serverCertificate", "privateKey", "caCertificates"]
            default: []
            }
        for key in needed where !has(key) && !(key == "caCertificates" && has("caCertCredentialName")) {
            report.add(at: tls.field(key), "TLS mode \(mode) needs \"\(key)\" or \"credentialName\"")
        }
        guard mode == "ISTIO_MUTUAL" else { return }
        for key in ["serverCertificate", "privateKey", "caCertificates", "credentialName", "credentialNames"]
        where has(key) {
            report.add(at: tls.field(key), "TLS mode ISTIO_MUTUAL has no \"\(key)\"")
        }
    }
}
