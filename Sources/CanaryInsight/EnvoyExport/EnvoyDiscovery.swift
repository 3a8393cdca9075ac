// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
package import CanaryResources

/// A configuration as files that Envoy watches (filesystem xDS): one for the listeners, one for the clusters, one for each
/// route configuration, and one for each cluster's endpoints, as Envoy wants them.
package struct EnvoyDiscovery {
    package struct File: Sendable {
        package var name: String
        package var content: Node
    }

    private let configuration: EnvoyConfiguration
    /// Absolute, without a slash at the end: Envoy looks there.
    private let directory: String

    package init(_ configuration: EnvoyConfiguration, directory: String) {
        self.configuration = configuration
        self.directory = directory
    }

    /// In the order in which they have to be written, so that nothing is named before it is there.
    package var files: [File] {
        let endpoints = discoverable.map { cluster in
            let type = "envoy.config.endpoint.v3.ClusterLoadAssignment"
            return file(
                Self.fileName("eds", cluster.name),
                type,
                [EnvoyConfiguration.assignment(cluster)]
            )
        }
        let routes = configuration.routes.map { routes in
            let type = "envoy.config.route.v3.RouteConfiguration"
            return file(Self.fileName("rds", routes.name), type, [EnvoyConfiguration.node(routes)])
        }
        let clusters = configuration.clusters.map(node)
        let listeners = configuration.listeners.map { listener in
            EnvoyConfiguration.node(listener) { .init(key: "rds", value: routeSource($0)) }
        }
        return endpoints + [file("cds.json", "envoy.config.cluster.v3.Cluster", clusters)] + routes
            + [
                file("lds.json", "envoy.config.listener.v3.Listener", listeners),
                File(name: "bootstrap.json", content: bootstrap),
            ]
    }

    /// Names are no matter of endpoint discovery: those clusters stay whole.
    private var discoverable: [EnvoyConfiguration.Cluster] { configuration.clusters.filter { !$0.hasNames } }

    private var bootstrap: Node {
        var bootstrap = configuration.bootstrap
        bootstrap.set(.message(["id": .string("canaryctl"), "cluster": .string("canaryctl")]), at: "node")
        bootstrap.set(source("lds.json"), at: "dynamic_resources", "lds_config")
        bootstrap.set(source("cds.json"), at: "dynamic_resources", "cds_config")
        return bootstrap
    }

    private func node(_ cluster: EnvoyConfiguration.Cluster) -> Node {
        guard !cluster.hasNames else { return EnvoyConfiguration.node(cluster) }
        let head: [Mapping.Entry] = [
            .init(key: "name", value: .string(cluster.name)),
            .init(key: "type", value: .string("EDS")),
            .init(
                key: "eds_cluster_config",
                value: .message(["eds_config": source(Self.fileName("eds", cluster.name))])
            ),
        ]
        return Node(.mapping(Mapping(head + (cluster.settings.mapping?.entries ?? []))))
    }

    private func routeSource(_ name: String) -> Node {
        .message([
            "route_config_name": .string(name),
            "config_source": source(Self.fileName("rds", name)),
        ])
    }

    private func source(_ name: String) -> Node {
        .message([
            "resource_api_version": .string("V3"),
            "path_config_source": .message(["path": .string("\(directory)/\(name)")]),
        ])
    }

    /// A `DiscoveryResponse`. Its version is a hash of what it holds: the same content has the same version everywhere.
    private func file(_ name: String, _ type: String, _ resources: [Node]) -> File {
        let typed = resources.map { resource -> Node in
            let head = Mapping.Entry(key: "@type", value: .string("type.googleapis.com/\(type)"))
            return Node(.mapping(Mapping([head] + (resource.mapping?.entries ?? []))))
        }
        var hash = SipHash24(key: SipHash24.Key(k0: 0, k1: 0))
        hash.update(JSONWriter.write(.sequence(typed)))
        let content = Node.message([
            "version_info": .string(String(hash.finish(), radix: 16)),
            "resources": .sequence(typed),
        ])
        return File(name: name, content: content)
    }

    /// `eds-outbound_80_v1_app.default.svc.cluster.local.json`. A long name, or one with characters that do not belong into a
    /// file's name, gets a hash, so that no two share a file.
    private static func fileName(_ kind: String, _ name: String) -> String {
        let plain = String(name.map { isPlain($0) ? $0 : "_" })
        guard plain.count > 160 || name.contains(where: { !isPlain($0) && $0 != "|" }) else {
            return "\(kind)-\(plain).json"
        }
        var hash = SipHash24(key: SipHash24.Key(k0: 0, k1: 0))
        hash.update(name)
        return "\(kind)-\(plain.prefix(160))-\(String(hash.finish(), radix: 16)).json"
    }

    private static func isPlain(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber || ".-".contains(character))
    }
}
