// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryStore

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

    /// The host that was meant by an unknown one, by its full name: the Service of the same name elsewhere, or one whose
    /// name is alike.
    static func suggestion(for host: String, among names: [String]) -> String? {
        let wanted = HostName.service(of: host)?.name
        if let wanted, let namesake = names.first(where: { HostName.service(of: $0)?.name == wanted }) {
            return namesake
        }
        let host = HostName.short(host)
        let near = names.map { (short: HostName.short($0), full: $0) }.filter { isNear(host, $0.short) }
        let name = Suggestion.closest(to: host, among: near.map(\.short))
        return near.first { $0.short == name }?.full
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

extension StoredCluster {
    func knownHosts() throws -> [String] {
        KnownHosts.names(try KnownHosts.kinds.flatMap { try resources(of: $0, namespace: nil) })
    }

    /// What to do where no change of a host is known, for a wildcard that covers it has changes.
    func wildcardHint(_ host: String, verb: String) throws -> String? {
        let patterns = HostName.patterns(covering: host).dropFirst()
        let changed = try patterns.first { try reader?.history(host: $0, limit: 1).isEmpty == false }
        return changed.map { "\"\($0)\" covers it: canaryctl \(verb) '\($0)'" }
    }

    func unknownHost(_ host: String, _ settings: Settings) throws -> CommandError {
        .unknownHost(host, among: try knownHosts(), settings)
    }
}
