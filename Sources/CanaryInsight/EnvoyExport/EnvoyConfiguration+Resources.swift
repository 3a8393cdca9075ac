// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// How the resources of a configuration are written.
extension EnvoyConfiguration {
    /// `envoy.config.listener.v3.Listener`. `routes` is what a connection manager says of its routes, by their name; chains whose
    /// routes nobody has are left out.
    static func node(_ listener: Listener, routes: (String) -> Mapping.Entry?) -> Node {
        let chains = listener.chains.compactMap { node($0, of: listener, routes: routes) }
        return .message([
            "name": .string(listener.name),
            "address": .socketAddress(listener.address.host, listener.address.port),
            "listener_filters": .repeated(filters(of: listener)),
            "filter_chains": .sequence(chains),
        ])
    }

    /// What looks at connections before a chain is chosen.
    private static func filters(of listener: Listener) -> [Node] {
        func filter(_ name: String, _ type: String) -> Node {
            .message([
                "name": .string("envoy.filters.listener.\(name)"),
                "typed_config": .any("envoy.extensions.filters.listener.\(name).v3.\(type)"),
            ])
        }
        let expectsHeader = listener.topology?.expectsProxyHeader == true
        let looksAtTLS = listener.chains.contains { $0.match?["transport_protocol"] != nil }
        return (expectsHeader ? [filter("proxy_protocol", "ProxyProtocol")] : [])
            + (looksAtTLS ? [filter("tls_inspector", "TlsInspector")] : [])
    }

    private static func node(
        _ chain: Chain,
        of listener: Listener,
        routes: (String) -> Mapping.Entry?
    ) -> Node? {
        let filter: Node
        switch chain.traffic {
        case .requests(let name):
            guard let routes = routes(name) else { return nil }
            filter = .message([
                "name": .string("envoy.filters.network.http_connection_manager"),
                "typed_config": connectionManager(listener, chain, routes: routes),
            ])
        case .connections(let proxy):
            filter = .message([
                "name": .string("envoy.filters.network.tcp_proxy"), "typed_config": proxy,
            ])
        }
        return .message([
            "filter_chain_match": chain.match, "filters": .sequence([filter]),
            "transport_socket": chain.transport,
        ])
    }

    /// Paths as Istio normalises them (`BASE`); no limits of Envoy's own on time, since Istio and canaryctl's proxy have none.
    private static func connectionManager(_ listener: Listener, _ chain: Chain, routes: Mapping.Entry)
        -> Node
    {
        let type =
            "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
        var manager = Node.any(
            type,
            [
                "stat_prefix": .string(listener.name),
                "codec_type": .string("AUTO"),
                "normalize_path": .bool(true),
                "merge_slashes": .bool(false),
                "path_with_escaped_slashes_action": .string("KEEP_UNCHANGED"),
                "stream_idle_timeout": .string("0s"),
                "use_remote_address": .bool(true),
                "preserve_external_request_id": .bool(true),
                "server_header_transformation": .string("PASS_THROUGH"),
                "http_protocol_options": .message(["accept_http_10": .bool(true)]),
                "upgrade_configs": .sequence([.message(["upgrade_type": .string("websocket")])]),
                "http_filters": .sequence(EnvoyFilters.chain),
            ]
        )
        let topology = listener.topology
        if let hops = topology?.trustedProxies, hops > 0 {
            manager.set(.integer(Int64(hops)), at: "xff_num_trusted_hops")
        }
        // Without it Envoy removes what clients say of certificates, as the proxy does.
        if let told = topology?.certificates ?? (chain.asksForCertificates ? .sanitizeSet : nil) {
            manager.set(.string(told.rawValue), at: "forward_client_cert_details")
            let details = Node.message(["subject": .bool(true), "uri": .bool(true), "dns": .bool(true)])
            manager.set(details, at: "set_current_client_cert_details")
        }
        manager.set(routes.value, at: routes.key)
        return manager
    }

    /// `envoy.config.route.v3.RouteConfiguration`, as a port of a host plays no part in which host it is.
    static func node(_ routes: RouteConfiguration) -> Node {
        .message([
            "name": .string(routes.name),
            "virtual_hosts": .repeated(routes.virtualHosts),
            "ignore_port_in_host_matching": .bool(true),
            "validate_clusters": .bool(false),
            "max_direct_response_body_size_bytes": .integer(1 << 20),
        ])
    }

    /// `envoy.config.endpoint.v3.ClusterLoadAssignment`.
    static func assignment(_ cluster: Cluster) -> Node {
        .message(["cluster_name": .string(cluster.name), "endpoints": cluster.endpoints])
    }

    /// `envoy.config.cluster.v3.Cluster` with its endpoints.
    static func node(_ cluster: Cluster) -> Node {
        let source: [Mapping.Entry] = [
            .init(key: "name", value: .string(cluster.name)),
            .init(key: "type", value: .string(cluster.hasNames ? "STRICT_DNS" : "STATIC")),
        ]
        let assignment = Mapping.Entry(key: "load_assignment", value: assignment(cluster))
        let settings = cluster.settings.mapping?.entries ?? []
        return Node(.mapping(Mapping(source + settings + [assignment])))
    }

    /// The admin pages; a limit that Istio raises too, since by default Envoy refuses all but small patterns; and what Envoy 1.39
    /// gave up: that conditions see the values of a repeated header as one.
    var bootstrap: Node {
        let runtime = Node.message([
            "re2.max_program_size.error_level": .integer(Int64(UInt32.max)),
            "envoy.reloadable_features.match_headers_individually": .bool(false),
        ])
        return .message([
            "admin": .message(["address": .socketAddress(admin.host, admin.port)]),
            "layered_runtime": .message([
                "layers": .sequence([
                    .message(["name": .string("static"), "static_layer": runtime]),
                    .message(["name": .string("admin"), "admin_layer": .message([:])]),
                ])
            ]),
        ])
    }

    /// Everything in one file: a bootstrap that asks nobody for more.
    package var staticBootstrap: Node {
        var bootstrap = bootstrap
        let known = Dictionary(routes.map { ($0.name, $0) }) { first, _ in first }
        let listeners = listeners.map { listener in
            Self.node(listener) { name in
                known[name].map { .init(key: "route_config", value: Self.node($0)) }
            }
        }
        bootstrap.set(.repeated(listeners), at: "static_resources", "listeners")
        bootstrap.set(.repeated(clusters.map { Self.node($0) }), at: "static_resources", "clusters")
        return bootstrap
    }
}
