// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources
import CanaryRouting

/// Where TCP connections go that are made to a port of a host, or to one that a Service or a Gateway opens.
extension RequestExplainer {
    /// The connection comes back as it was asked for, with the Gateway that takes it.
    func explainConnection(_ connection: ExplainedRequest) -> (ExplainedRequest, Explanation) {
        let inMesh = connection.gateway == nil ? explainConnection(connection, at: 0) : nil
        if let inMesh, inMesh.action == .route { return (connection, inMesh) }
        let asked = connection.gateway.map { Set(builder.listeners(of: $0)) }
        for (index, spec) in table.listeners.enumerated()
        where spec.kind != .mesh && spec.isOpaque && spec.port == connection.port
            && asked?.contains(Int32(clamping: index)) ?? true
        {
            var arriving = connection
            if spec.kind == .gateway { arriving.gateway = spec.origin.map { GatewayReference($0) } }
            return (arriving, explainConnection(arriving, at: Int32(clamping: index)))
        }
        let none = "nobody opens port \(connection.port) for TCP"
        return (connection, inMesh ?? Explanation(reason: none))
    }

    private func explainConnection(_ connection: ExplainedRequest, at listener: Int32) -> Explanation {
        let arena = RoutingArena()
        return withExtendedLifetime((arena, table)) {
            let authority = listener == 0 ? arena.store(connection.authority) : ByteSlice()
            guard let host = table.virtualHost(listener: listener, authority: authority) else {
                return Explanation(reason: unknownHost(connection, listener))
            }
            let spec = table.listeners[Int(listener)]
            let port = listener == 0 ? Int32(clamping: connection.port) : spec.requestPort
            let address = IPAddress.isValid(connection.host) ? connection.host : ListenerSpec.loopback
            return explanation(host, port, address, listener, connection.gateway?.namespace ?? namespace)
        }
    }

    private func explanation(
        _ host: VirtualHostHandle,
        _ port: Int32,
        _ address: String,
        _ listener: Int32,
        _ clientNamespace: String
    ) -> Explanation {
        let name = host.host.text
        var explanation = Explanation(host: name)
        let arena = RoutingArena()
        let found = withExtendedLifetime(arena) {
            host.connectionRoute(port: port, address: arena.store(address))
        }
        guard let found else {
            explanation.virtualService = host.virtualServices.first
            let isKnown = host.record.pointee.ports.contains(port)
            explanation.reason =
                isKnown ? "port \(port) speaks HTTP: ask for a request" : "the host has no port \(port)"
            return explanation
        }
        explanation.action = .route
        let reporter = TrafficReporter(snapshot: snapshot, namespace: clientNamespace)
        let owners = host.virtualServices.compactMap(snapshot.resource)
        let owner = owners.first { "\($0.namespace)/\($0.name)" == found.virtualService.text }
        let deciding = owner ?? owners.first { !($0.virtualService?.tcpRoutes.isEmpty ?? true) }
        for route in snapshot.routes(of: name, namespace: clientNamespace)
        where route.list == .tcp && route.source.key == deciding?.key {
            if owner != nil, route.sourceIndex == found.index {
                explanation.virtualService = owner?.key
                explanation.route = reporter.connectionRoute(route, name)
            }
            guard owner == nil || route.sourceIndex < found.index else { continue }
            explanation.skipped += skipped(route, port, address, listener).map { [$0] } ?? []
        }
        if explanation.route == nil {
            explanation.route = reporter.defaultRoute(name)
            explanation.route?.match = MatchDescription.text([L4Match](), .tcp)
            explanation.route?.isConnection = true
            explanation.route?.index = numbers.numberOfOwnRoute(of: name, namespace: clientNamespace)
        }
        return explanation
    }

    /// Why a route does not take a connection.
    private func skipped(_ route: HostRoute, _ port: Int32, _ address: String, _ listener: Int32)
        -> Explanation.Skipped?
    {
        let matches = route.source.virtualService?.tcpRoutes[route.sourceIndex].matches ?? []
        let reasons = matches.map { match in
            let exclusion = builder.exclusion(
                of: match,
                port: Int(port),
                in: route.source.namespace,
                listener: listener
            )
            let subnets = match.destinationSubnets.joined(separator: ",")
            return exclusion?.description ?? "\(address) is not in \(subnets)"
        }
        guard !reasons.isEmpty else { return nil }
        return Explanation.Skipped(
            index: route.number,
            name: "",
            virtualService: route.source.key,
            blocks: reasons
        )
    }
}

extension ListenerSpec {
    /// What clients connect to, unless the proxy is told to listen elsewhere.
    fileprivate static let loopback = "127.0.0.1"
}
