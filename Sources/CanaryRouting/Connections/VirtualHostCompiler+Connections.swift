// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources

/// Where connections go that are passed on as they are.
extension VirtualHostCompiler {
    func opaquePorts(_ service: HostService?, _ candidates: [Resource], _ compiler: RouteCompiler)
        -> [OpaquePortRecord]
    {
        let connections = ConnectionRouteCompiler(routes: compiler, isExcluded: isExcluded)
        return (service?.ports ?? []).filter(\.isOpaque).flatMap { port in
            let plain = connections.compile(port: port.number, candidates)
            let named =
                !port.isTLS ? [] : candidates.flatMap { connections.compileTLS($0, port: port.number) }
            guard !named.isEmpty else { return [plain] }
            var byName = plain
            byName.isTLS = true
            // Who asks for another name, or for none, goes where everybody else does.
            byName.routes = compiler.arena.store(named.closestNameFirst + Array(plain.routes))
            return [plain, byName]
        }
    }

    /// What a Gateway's port for TCP or TLS passes its connections to: the routes in `spec.tcp` of the first VirtualService that has
    /// any for it, and those in `spec.tls` of all; `nil` where there are none.
    func gatewayConnections(port: Int, _ virtualServices: [Resource]) -> VirtualHostTable? {
        let arena = RoutingArena()
        var owners: [Resource] = []
        var plain: OpaquePortRecord?
        var named: [ConnectionRouteRecord] = []
        for resource in virtualServices {
            let compiler = ConnectionRouteCompiler(
                routes: routeCompiler(Self.firstHost(resource), nil, [resource], arena),
                isExcluded: isExcluded
            )
            let routes = plain == nil ? compiler.compile(port: port, only: resource) : nil
            let namedRoutes = compiler.compileTLS(resource, port: port)
            if routes != nil || !namedRoutes.isEmpty { owners.append(resource) }
            plain = plain ?? routes
            named += namedRoutes
        }
        guard let first = owners.first else { return nil }
        let host = Self.firstHost(first)
        let byName = OpaquePortRecord(
            port: Int32(clamping: port),
            isTLS: true,
            routes: arena.store(named.closestNameFirst)
        )
        return table(
            host,
            entries: [],
            owners: owners,
            ports: [],
            domains: [(host, .full)],
            opaquePorts: [plain, named.isEmpty ? nil : byName].compactMap(\.self),
            arena: arena
        )
    }

    private static func firstHost(_ resource: Resource) -> String {
        HostName.resolve(resource.virtualService?.hosts.first ?? "*", namespace: resource.namespace)
    }
}

extension [ConnectionRouteRecord] {
    /// As Envoy looks for them: a name before wildcards, and of these the longest first. Of equal ones the first counts.
    fileprivate var closestNameFirst: [ConnectionRouteRecord] {
        enumerated().sorted {
            let (left, right) = ($0.element, $1.element)
            if left.isWildcard != right.isWildcard { return right.isWildcard }
            if left.isWildcard, left.serverName.count != right.serverName.count {
                return left.serverName.count > right.serverName.count
            }
            return $0.offset < $1.offset
        }.map(\.element)
    }
}
