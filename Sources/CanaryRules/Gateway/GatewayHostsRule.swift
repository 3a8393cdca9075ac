// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A server of a Gateway has no host, or one that is neither a full name nor a wildcard; short names are refused. A
/// namespace may stand before it: `shop/example.com`, `./example.com`, `*/example.com`.
enum GatewayHostsRule: ObjectRule {
    static let code = RuleCode("CAN0702", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.gateway]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for server in object.spec?["servers"]?.items ?? [] {
            // That the field is missing, the schema tells.
            guard let hosts = server["hosts"] else { continue }
            if hosts.items.isEmpty {
                report.add(
                    at: hosts,
                    "the server has no hosts",
                    hint: "write hosts: [\"*\"], or the names to serve"
                )
            }
            for host in hosts.items {
                guard let text = host.string, let problem = problem(text) else { continue }
                report.add(
                    at: host,
                    "\"\(text)\" is not a host of a Gateway: \(problem)",
                    hint: "write a name such as shop.example.com, *.example.com or *"
                )
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
        if host != "*", !host.contains(".") { return "short names are not allowed" }
        if IPAddress.isValid(host) { return nil }
        if host.hasPrefix("*"), host.utf8.count > 1, !host.hasPrefix("*.") {
            return "\"*\" must be a whole label"
        }
        return IstioName.isWildcardDomain(host) ? nil : "it is not a host name"
    }
}
