// SPDX-License-Identifier: Apache-2.0

/// A server of a Gateway has no host, or one that is neither a full name nor a wildcard; short names are refused. A
/// namespace may stand before it: `shop/example.com`, `./example.com`, `*/example.com`.
enum GatewayHostsRule: ObjectRule {
    static let code = RuleCode("CAN0702", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.gateway]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for server in object.spec?["servers"]?.items ?? [] {
            let hosts = server["hosts"]?.items ?? []
            if hosts.isEmpty { report.add(at: server.field("hosts"), "the server has no hosts") }
            for host in hosts {
                guard let text = host.string, let problem = problem(text) else { continue }
                report.add(at: host, "\"\(text)\" is not a host of a Gateway: \(problem)")
            }
        }
    }

    private static func problem(_ text: String) -> String? {
        var host = text
        if let slash = text.firstIndex(of: "/") {
            let namespace = text[..<slash]
            host = String(text[text.index(after: slash)...])
            if namespace != "*", namespace != ".", !IstioName.isLabel(namespace) {
                return "\"\(namespace)\" is not a namespace"
            }
        }
        if IPAddress.isValid(host) { return nil }
        if host.hasPrefix("*"), host.utf8.count > 1, !host.hasPrefix("*.") {
            return "\"*\" must be a whole label"
        }
        if !IstioName.isWildcardDomain(host) { return "it is not a host name" }
        return host.contains(".") || host.contains("*") ? nil : "short names are not allowed"
    }
}
