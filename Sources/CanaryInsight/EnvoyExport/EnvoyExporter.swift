// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
package import CanaryResources
import CanaryRouting

/// Translates the routing table that the proxy uses into Envoy's configuration, as istiod would tell Envoy the same.
package struct EnvoyExporter {
    private let snapshot: ClusterSnapshot
    private let identifiers = RoutingIdentifiers()
    private let builder: RoutingTableBuilder
    private let secrets: String

    /// - Parameters:
    ///   - namespace: that of the mesh's clients, as `sourceLabels` are theirs.
    ///   - secrets: the directory of the files that have what Secrets hold, without a slash at the end.
    package init(
        snapshot: ClusterSnapshot,
        namespace: String,
        sourceLabels: [String: String] = [:],
        secrets: String = "secrets"
    ) {
        self.snapshot = snapshot
        self.secrets = secrets
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
        let tls = EnvoyTLS(directory: secrets, warn: warnings.add)
        let clusters = EnvoyClusters(identifiers, tls, warn: warnings.add)
        let routes = EnvoyRoutes(snapshot: snapshot)
        var configuration = EnvoyConfiguration(admin: addresses.admin)
        var openings = EnvoyListeners(addresses: addresses)
        for (index, spec) in table.listeners.enumerated() {
            let places = openings.places(for: spec, warn: warnings.add)
            guard !places.isEmpty else { continue }
            let number = Int32(clamping: index)
            let arena = RoutingArena()
            clusters.begin(builder.compiler(listener: number).destinations(in: arena))
            let opening = EnvoyOpening(
                table: table,
                listener: index,
                name: EnvoyListeners.name(of: spec),
                clusters: clusters,
                tls: tls,
                routes: routes,
                warnings: warnings
            )
            withExtendedLifetime((table, arena)) {
                let chains = opening.chains
                configuration.routes += opening.routeConfigurations(of: chains)
                configuration.listeners +=
                    chains.isEmpty
                    ? []
                    : places.map {
                        .init(
                            name: $0.name,
                            address: $0.address,
                            topology: spec.topology,
                            chains: chains.map(\.chain)
                        )
                    }
            }
        }
        configuration.clusters = clusters.all
        configuration.files = tls.files
        EnvoyOmissions(snapshot: snapshot).texts.forEach(warnings.add)
        configuration.warnings = warnings.texts
        return configuration
    }
}
