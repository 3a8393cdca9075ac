// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A TLS route has no match, or a match without server names; each name must be among the VirtualService's hosts.
enum TLSMatchRule: ObjectRule {
    static let code = RuleCode("CAN0240", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        let hosts = ServerNames(object.resource.virtualService?.hosts ?? [])
        for route in object.tlsRoutes {
            // That a field is missing, the schema tells.
            guard let list = route["match"] else { continue }
            if list.items.isEmpty {
                report.add(
                    at: list,
                    "a TLS route needs a match with \"sniHosts\"",
                    hint: "write match: [{sniHosts: [NAME]}]"
                )
            }
            for match in list.items {
                if match.isNull { report.add(at: match, "the match is empty", hint: "remove the \"-\"") }
                guard let names = match["sniHosts"] else { continue }
                if names.items.isEmpty {
                    report.add(at: names, "a TLS match needs a server name", hint: "write sniHosts: [NAME]")
                }
                for name in names.items { check(name, hosts, &report) }
            }
        }
    }

    private static func check(_ place: Located, _ hosts: ServerNames, _ report: inout RuleReport) {
        guard let name = place.string, !IPAddress.isValid(name) else { return }
        if !IstioName.isWildcardDomain(name), !IstioName.isClusterServerName(name) {
            report.add(
                at: place,
                "\"\(name)\" is not a server name",
                hint: "write a name such as shop.example.com or *.example.com"
            )
        } else if !hosts.cover(name) {
            report.add(
                at: place,
                "\"\(name)\" is none of the VirtualService's hosts",
                hint: "add it to \"hosts\""
            )
        }
    }
}

/// The hosts of a VirtualService, looked up by server name.
private struct ServerNames {
    private var names: Set<String> = []
    /// What follows the "*" of each wildcard, by its length in bytes.
    private var suffixes: [Int: Set<String>] = [:]

    init(_ hosts: [String]) {
        for host in hosts {
            let suffix = String(host.dropFirst())
            if host.hasPrefix("*") {
                suffixes[suffix.utf8.count, default: []].insert(suffix)
            } else {
                names.insert(host)
            }
        }
    }

    /// Whether a host equals a server name or is a wildcard that holds all of its names.
    func cover(_ name: String) -> Bool {
        let rest = name.dropFirst(name.hasPrefix("*") ? 1 : 0)
        return names.contains(name)
            || suffixes.contains { count, known in
                count <= rest.utf8.count && known.contains(String(rest.utf8.suffix(count)) ?? "")
            }
    }
}
