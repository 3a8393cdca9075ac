// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources
import CanaryRouting

/// Translates a host as the clients of one listener see it: `envoy.config.route.v3.VirtualHost`.
struct EnvoyVirtualHost {
    let table: VirtualHostTable
    /// Its names, those that another host has left out.
    let domains: [String]
    /// The port that requests count as having addressed; -1 where it depends on the authority.
    let requestPort: Int32
    let clusters: EnvoyClusters
    let routes: EnvoyRoutes
    let warnings: EnvoyWarnings

    var node: Node {
        .message([
            "name": .string(table.host),
            "domains": .sequence(domains.map(Node.string)),
            "routes": .repeated(entries),
        ])
    }

    private var entries: [Node] {
        let handle = VirtualHostHandle(record: table.record)
        let owners = handle.virtualServices
        let ports =
            requestPort > 0 ? [EnvoyRequestPort(number: requestPort)] : EnvoyRequestPort.all(of: handle)
        return table.record.pointee.entries.flatMap { entry in
            let effective = routes.effective(entry.route.pointee, of: owners)
            return Self.ports(of: entry, effective, among: ports).compactMap { route(entry, effective, $0) }
        }
    }

    /// A route for each port that makes a difference.
    private static func ports(
        of entry: RouteEntry,
        _ effective: EffectiveRoute?,
        among ports: [EnvoyRequestPort]
    )
        -> [EnvoyRequestPort]
    {
        if entry.port > 0 { return ports.filter { $0.number == entry.port } }
        let route = entry.route.pointee
        let isSplit =
            route.redirect.port == -1 || route.destinations.contains { $0.clusters.count > 1 }
            || effective?.route.effectiveMirrors.contains { $0.destination.port == nil } ?? false
        if isSplit { return ports }
        return ports.prefix(1).map { EnvoyRequestPort(number: $0.number) }
    }

    private func route(_ entry: RouteEntry, _ effective: EffectiveRoute?, _ port: EnvoyRequestPort) -> Node? {
        func warn(_ text: String) { warnings.add(text, about: effective) }
        guard let match = EnvoyMatch(entry: entry, port: port).node else {
            warn("a match block is left out, since it has a pattern or a name that Envoy does not take")
            return nil
        }
        let name = effective?.route.name ?? ""
        var node = Node.message(["name": name.isEmpty ? nil : .string(name), "match": match])
        addAction(entry.route.pointee, effective, port.number, to: &node, warn)
        guard let route = effective?.route else { return node }
        // A route's only destination has no level of its own.
        let only = route.destinations.count == 1 ? route.destinations.map(\.headers) : []
        EnvoyHeaders(warn: warn).add([route.headers] + only, to: &node)
        node.set(EnvoyFilters.settings(route, warn: warn), at: "typed_per_filter_config")
        return node
    }

    private func addAction(
        _ record: RouteRecord,
        _ effective: EffectiveRoute?,
        _ port: Int32,
        to node: inout Node,
        _ warn: @escaping (String) -> Void
    ) {
        let answer = EnvoyAnswer(route: record, port: port, warn: warn)
        switch record.action {
        case .redirect: node.set(answer.redirect, at: "redirect")
        case .directResponse:
            node.set(answer.directResponse(effective?.route.directResponse?.body), at: "direct_response")
        case .forward:
            let forwarding = EnvoyForwarding(
                route: record,
                effective: effective,
                port: port,
                clusters: clusters,
                warn: warn
            )
            if let action = forwarding.node {
                node.set(action, at: "route")
            } else {
                node.set(.message(["status": .integer(503)]), at: "direct_response")
            }
        }
    }
}
