// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryRules

/// The hosts that objects declare, for hints and completion.
enum KnownHosts {
    static let kinds: [ResourceKind] = [.service, .serviceEntry, .virtualService]

    /// Full names, each once, in order.
    static func names(_ resources: some Sequence<Resource>) -> [String] {
        let hosts = resources.flatMap { resource -> [String] in
            switch resource.spec {
            case .service: [HostName.service(resource.name, namespace: resource.namespace)]
            case .serviceEntry(let entry): entry.hosts
            case .virtualService: resource.routedHosts
            default: []
            }
        }
        return Set(hosts).sorted()
    }

    /// The host that was meant by an unknown one, as people type it.
    static func suggestion(for host: String, among names: [String]) -> String? {
        let host = HostName.short(host)
        return Suggestion.closest(to: host, among: names.map(HostName.short).filter { isNear(host, $0) })
    }

    /// Whether names are alike without the domain that they share, which would make strangers look like neighbours.
    private static func isNear(_ left: String, _ right: String) -> Bool {
        var (left, right) = (left.split(separator: "."), right.split(separator: "."))
        while let last = left.last, last == right.last {
            left.removeLast()
            right.removeLast()
        }
        return Suggestion.closest(to: left.joined(separator: "."), among: [right.joined(separator: ".")])
            != nil
    }
}

extension ClusterView {
    func knownHosts() throws -> [String] {
        KnownHosts.names(try KnownHosts.kinds.flatMap { try resources(of: $0, namespace: nil) })
    }

    func unknownHost(_ host: String) throws -> CommandError {
        .unknownHost(host, among: try knownHosts())
    }
}
