// SPDX-License-Identifier: Apache-2.0

/// Translates the routing table that the proxy uses into Envoy's configuration, as istiod would tell Envoy the same.
package struct EnvoyExporter {
    private let snapshot: ClusterSnapshot
    private let identifiers = RoutingIdentifiers()
    private let builder: RoutingTableBuilder

    /// `namespace` and `sourceLabels` are those of the mesh's clients.
    package init(snapshot: ClusterSnapshot, namespace: String, sourceLabels: [String: String] = [:]) {
        self.snapshot = snapshot
        builder = RoutingTableBuilder(
            snapshot: snapshot,
            namespace: namespace,
            sourceLabels: sourceLabels,
            identifiers: identifiers
        )
    }

    package func configuration(_ addresses: EnvoyConfiguration.Addresses) -> EnvoyConfiguration {
        let table = builder.table()
        let warnings = EnvoyWarnings()
        let clusters = EnvoyClusters(identifiers, warn: warnings.add)
        let routes = EnvoyRoutes(snapshot: snapshot)
        var configuration = EnvoyConfiguration(admin: addresses.admin)
        var ports = EnvoyPorts(addresses: addresses)
        for (index, spec) in table.listeners.enumerated() {
            let listeners = ports.listeners(for: spec, warn: warnings.add)
            guard let first = listeners.first else { continue }
            configuration.listeners += listeners
            let number = Int32(clamping: index)
            let arena = RoutingArena()
            clusters.begin(builder.compiler(listener: number).destinations(in: arena))
            let hosts = withExtendedLifetime((table, arena)) {
                table.namedHosts(listener: number).map { host, domains in
                    EnvoyVirtualHost(
                        table: host,
                        domains: domains,
                        requestPort: spec.requestPort,
                        clusters: clusters,
                        routes: routes,
                        warnings: warnings
                    ).node
                }
            }
            configuration.routes.append(.init(name: first.routes, virtualHosts: hosts))
        }
        configuration.clusters = clusters.all
        EnvoyOmissions(snapshot: snapshot).texts.forEach(warnings.add)
        configuration.warnings = warnings.texts
        return configuration
    }
}

/// What can't be told Envoy exactly: each sentence once, in the order in which they come up. Belongs to one thread.
final class EnvoyWarnings {
    private(set) var texts: [String] = []
    private var said: Set<String> = []

    func add(_ text: String) {
        if said.insert(text).inserted { texts.append(text) }
    }

    func add(_ text: String, about route: EffectiveRoute?) {
        guard let route else { return add(text) }
        let name = route.route.name.isEmpty ? "" : " \"\(route.route.name)\""
        add("\(route.virtualService.key), route \(route.index)\(name): \(text)")
    }
}

/// The effective routes of VirtualServices, worked out once: many hosts share a VirtualService. Belongs to one thread.
final class EnvoyRoutes {
    private let snapshot: ClusterSnapshot
    private var known: [ResourceKey: [EffectiveRoute]] = [:]

    init(snapshot: ClusterSnapshot) {
        self.snapshot = snapshot
    }

    /// What a record was compiled from, by its host's VirtualServices; `nil` for one that comes from none.
    func effective(_ record: RouteRecord, of owners: [ResourceKey]) -> EffectiveRoute? {
        guard owners.indices.contains(Int(record.owner)) else { return nil }
        let owner = owners[Int(record.owner)]
        let routes = known[owner] ?? snapshot.resource(owner).map(snapshot.effectiveRoutes) ?? []
        known[owner] = routes
        return routes.indices.contains(Int(record.index)) ? routes[Int(record.index)] : nil
    }
}
