// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
package import CanaryResources
import CanaryRouting

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
        var openings = EnvoyListeners(addresses: addresses)
        for (index, spec) in table.listeners.enumerated() {
            let listeners = openings.listeners(for: spec, warn: warnings.add)
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
