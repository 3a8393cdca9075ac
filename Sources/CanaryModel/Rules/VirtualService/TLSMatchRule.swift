// SPDX-License-Identifier: Apache-2.0

/// A TLS route has no match, or a match without server names; each name must be among the VirtualService's hosts.
enum TLSMatchRule: ObjectRule {
    static let code = RuleCode("CAN0240", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        let hosts = object.resource.virtualService?.hosts ?? []
        for route in object.tlsRoutes {
            // That a field is missing, the schema tells.
            guard let list = route["match"] else { continue }
            if list.items.isEmpty { report.add(at: list, "a TLS route needs a match with \"sniHosts\"") }
            for match in list.items {
                if match.isNull { report.add(at: match, "the match is empty", hint: "remove the \"-\"") }
                guard let names = match["sniHosts"] else { continue }
                if names.items.isEmpty { report.add(at: names, "a TLS match needs a server name") }
                for name in names.items { check(name, hosts, &report) }
            }
        }
    }

    private static func check(_ place: Located, _ hosts: [String], _ report: inout RuleReport) {
        guard let name = place.string, !IPAddress.isValid(name) else { return }
        if !IstioName.isWildcardDomain(name), !IstioName.isClusterServerName(name) {
            report.add(at: place, "\"\(name)\" is not a server name")
        } else if !hosts.contains(where: { covers($0, name) }) {
            report.add(
                at: place,
                "\"\(name)\" is none of the VirtualService's hosts",
                hint: "add it to \"hosts\""
            )
        }
    }

    /// Whether a host equals a server name or is a wildcard that holds all of its names.
    private static func covers(_ host: String, _ name: String) -> Bool {
        guard host.hasPrefix("*") else { return host == name }
        return name.dropFirst(name.hasPrefix("*") ? 1 : 0).hasSuffix(host.dropFirst())
    }
}
