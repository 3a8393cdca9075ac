// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources
import CanaryRouting

/// What the proxy serves now, as values for `canaryctl proxy-config`: each page has `items`, and `warnings` about them.
struct ServedConfiguration {
    /// The pages, by the last part of their path.
    enum Page: String, CaseIterable {
        case listeners, routes, clusters, endpoints, connections, secrets
    }

    let shared: ProxyShared
    private let state: Publication

    init(_ shared: ProxyShared) {
        self.shared = shared
        state = shared.publication()
    }

    func node(of page: Page) -> Node {
        let census = page == .connections ? shared.census.take(shared.wakes) : ConnectionCensus.Answer()
        return .mapping([
            "items": .sequence(items(of: page, census)),
            "warnings": .sequence(census.warnings.map { .string($0) }),
        ])
    }

    private func items(of page: Page, _ census: ConnectionCensus.Answer) -> [Node] {
        switch page {
        case .listeners: state.listeners.map(listener)
        case .routes: routes
        case .clusters: clusters.map(\.node)
        case .endpoints: clusters.flatMap(\.endpointNodes) + failing
        case .connections: connections(census)
        case .secrets: certificates
        }
    }

    private func hosts(of listener: OpenListener) -> [RoutingTableContents.Host] {
        guard let table = state.table, let index = table.listeners.firstIndex(of: listener.spec) else {
            return []
        }
        return table.contents(listener: Int32(index), shared.identifiers)
    }

    // MARK: - Listeners and routes

    private func listener(_ listener: OpenListener) -> Node {
        let hosts = hosts(of: listener)
        let servers = listener.tls?.servers.map(\.settings) ?? []
        var node = Node.mapping([
            "address": .string(listener.address.host),
            "port": .integer(Int64(listener.address.port)),
            "kind": .string("\(listener.spec.kind)"),
            "type": .string(listener.spec.isOpaque ? "TCP" : listener.spec.isTLS ? "TLS" : "HTTP"),
            "hosts": .integer(Int64(hosts.count { $0.routes.contains { $0.port == nil } })),
        ])
        if let origin = listener.spec.origin { node.set(.string(origin.description), at: "origin") }
        if !listener.spec.portName.isEmpty { node.set(.string(listener.spec.portName), at: "portName") }
        if !servers.isEmpty { node.set(.sequence(servers.map(\.node)), at: "servers") }
        let port = Int(listener.spec.requestPort)
        let passed = hosts.flatMap(\.routes).filter { $0.port == port }
        if !passed.isEmpty { node.set(.sequence(passed.map(\.connectionNode)), at: "connectionRoutes") }
        return node
    }

    private var routes: [Node] {
        state.listeners.flatMap { listener in
            hosts(of: listener).flatMap { host in
                host.routes.map { route in
                    var node = route.node
                    node.set(.string(listener.address.text), at: "listener")
                    node.set(.integer(Int64(listener.address.port)), at: "name")
                    node.set(.string(host.name), at: "host")
                    node.set(.sequence(host.domains.map { .string($0) }), at: "domains")
                    node.set(.sequence(route.matches.map { .string($0) }), at: "matches")
                    if !route.mirrors.isEmpty {
                        node.set(.sequence(route.mirrors.map(\.node)), at: "mirrors")
                    }
                    return node
                }
            }
        }
    }

    // MARK: - Clusters

    private var clusters: [ServedCluster] {
        ServedCluster.all(of: state.listeners.flatMap(hosts), shared.identifiers, state.resolutions)
    }

    /// The addresses that fail their health checks, and so are in no cluster.
    private var failing: [Node] {
        shared.health.standings { !$0.isHealthy }.map { target, standing in
            .mapping([
                "cluster": .string("outbound|||\(target.host)"),
                "host": .string(target.host),
                "subset": .string(""),
                "port": .integer(0),
                "endpoint": .string(target.address.description),
                "status": .string("UNHEALTHY"),
                "outlierCheck": .string("OK"),
                "problem": .string(standing.reason),
            ])
        }
    }

    // MARK: - Connections and certificates

    private func connections(_ census: ConnectionCensus.Answer) -> [Node] {
        let addresses = Dictionary(
            state.listeners.map { ($0.number, $0.address.text) }
        ) { first, _ in first }
        return census.connections.map { $0.node(listener: addresses[$0.listener]) }
    }

    private var certificates: [Node] {
        (state.tls.records + shared.upstreamTLS.records).map(\.node).sorted {
            ($0["name"]?.string ?? "", $0["usedBy"]?.string ?? "")
                < ($1["name"]?.string ?? "", $1["usedBy"]?.string ?? "")
        }
    }
}

extension TLSServerSettings {
    fileprivate var node: Node {
        .mapping([
            "gateway": .string(origin),
            "serverNames": .sequence(names.map { .string($0) }),
            "mode": .string(tls.mode.rawValue),
            "type": .string(isHTTP ? "HTTP" : "TCP"),
        ])
    }
}

extension RoutingTableContents.Route {
    /// Of connections that are passed on as they are.
    fileprivate var connectionNode: Node {
        .mapping([
            "match": .string(matches.first ?? "ALL"),
            "clusters": .sequence(
                destinations.flatMap { destination in
                    destination.clusters.map { .string(ServedCluster.name(destination.counter, $0.port)) }
                }
            ),
        ])
    }
}

extension ConnectionRecord {
    /// - Parameter listener: where it came in; `nil` where that is closed by now.
    fileprivate func node(listener: String?) -> Node {
        var node = Node.mapping([
            "client": .string(peer.description),
            "listener": listener.map { .string($0) } ?? Node(.null),
            "protocol": .string(language.rawValue),
            "state": .string(state.rawValue),
            "ageMilliseconds": .integer(ageMilliseconds),
            "requests": .integer(Int64(requests)),
            "streams": .integer(Int64(streams)),
            "worker": .integer(Int64(worker)),
        ])
        if let security {
            let tls = Node.mapping([
                "version": .string(security.versionName),
                "alpn": .string(security.agreedProtocol),
                "resumed": .bool(security.isResumed),
            ])
            node.set(tls, at: "tls")
        }
        if let traffic {
            node.set(.integer(Int64(clamping: traffic.received)), at: "bytesReceived")
            node.set(.integer(Int64(clamping: traffic.sent)), at: "bytesSent")
        }
        return node
    }
}

extension CertificateRecord {
    fileprivate var node: Node {
        var node = Node.mapping([
            "name": .string(name),
            "type": .string(kind.rawValue),
            "usedBy": .string(user),
            "serverNames": .sequence(serverNames.map { .string($0) }),
            "status": .string(state.rawValue),
            "problem": problem.map { .string($0) } ?? Node(.null),
        ])
        guard let facts else { return node }
        node.set(.string(facts.subject), at: "subject")
        node.set(.string(facts.issuer), at: "issuer")
        node.set(.string(facts.serial), at: "serialNumber")
        node.set(.string(CalendarTime(milliseconds: facts.notBefore * 1000).text), at: "notBefore")
        node.set(.string(CalendarTime(milliseconds: facts.notAfter * 1000).text), at: "notAfter")
        return node
    }
}
