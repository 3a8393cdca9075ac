// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources

/// Compiles `spec.tcp` and `spec.tls` of a host's VirtualServices for one of its ports.
struct ConnectionRouteCompiler {
    let routes: RouteCompiler
    /// Whether a match block counts for nobody at the listener.
    let isExcluded: (L4Match, _ port: Int, _ namespace: String) -> Bool

    private var arena: RoutingArena { routes.arena }

    /// The routes of the oldest VirtualService that has any for the port, behind them the Service's own. Those behind one that
    /// takes every connection are left out.
    func compile(port: Int, _ virtualServices: [Resource]) -> OpaquePortRecord {
        var records: [ConnectionRouteRecord] = []
        for resource in virtualServices where records.isEmpty { records = compile(resource, port: port) }
        if records.last?.subnets.isEmpty != true { records.append(own) }
        return OpaquePortRecord(port: Int32(clamping: port), routes: arena.store(records))
    }

    /// The routes of one VirtualService alone, as at a Gateway; `nil` where it has none for the port.
    func compile(port: Int, only virtualService: Resource) -> OpaquePortRecord? {
        let records = compile(virtualService, port: port)
        guard !records.isEmpty else { return nil }
        return OpaquePortRecord(port: Int32(clamping: port), routes: arena.store(records))
    }

    private var own: ConnectionRouteRecord {
        ConnectionRouteRecord(
            subnets: BorrowedList(),
            index: -1,
            owner: ByteSlice(),
            destinations: arena.store([routes.ownDestination(isConnection: true)]),
            totalWeight: 1
        )
    }

    /// The routes of `spec.tls` of one VirtualService, a record for each name.
    func compileTLS(_ resource: Resource, port: Int) -> [ConnectionRouteRecord] {
        var records: [ConnectionRouteRecord] = []
        for (index, route) in (resource.virtualService?.tlsRoutes ?? []).enumerated() {
            let record = record(route, .tls, index, of: resource)
            for block in route.matches where !isExcluded(block, port, resource.namespace) {
                for name in block.sniHosts.map({ $0.lowercased() }) {
                    var named = record
                    named.isWildcard = name.hasPrefix("*")
                    named.serverName = arena.store(named.isWildcard ? String(name.dropFirst()) : name)
                    named.subnets = arena.store(block.destinationSubnets.compactMap(Subnet.init))
                    if block.destinationSubnets.isEmpty || !named.subnets.isEmpty { records.append(named) }
                }
            }
        }
        return records
    }

    private func record(_ route: L4Route, _ list: HostRoute.List, _ index: Int, of resource: Resource)
        -> ConnectionRouteRecord
    {
        let destinations = destinations(route, list, index, of: resource)
        return ConnectionRouteRecord(
            subnets: BorrowedList(),
            index: Int32(clamping: index),
            owner: arena.store(RouteCompiler.owner(resource)),
            destinations: arena.store(destinations),
            totalWeight: destinations.reduce(0) { $0 + $1.weight }
        )
    }

    private func compile(_ resource: Resource, port: Int) -> [ConnectionRouteRecord] {
        var records: [ConnectionRouteRecord] = []
        for (index, route) in (resource.virtualService?.tcpRoutes ?? []).enumerated() {
            let blocks = route.matches.filter { !isExcluded($0, port, resource.namespace) }
            guard route.matches.isEmpty || !blocks.isEmpty else { continue }
            var record = record(route, .tcp, index, of: resource)
            guard !blocks.isEmpty, blocks.allSatisfy({ !$0.destinationSubnets.isEmpty }) else {
                records.append(record)
                return records
            }
            record.subnets = arena.store(blocks.flatMap(\.destinationSubnets).compactMap(Subnet.init))
            if !record.subnets.isEmpty { records.append(record) }
        }
        return records
    }

    private func destinations(_ route: L4Route, _ list: HostRoute.List, _ index: Int, of resource: Resource)
        -> [DestinationRecord]
    {
        let weights = route.destinations.splitWeights
        var records: [DestinationRecord] = []
        for (position, weighted) in route.destinations.enumerated() {
            let weight = UInt64(weights.counting[position])
            guard weight > 0 else { continue }
            let host = HostName.resolve(weighted.destination.host, namespace: resource.namespace)
            let resolved = routes.destinations.resolve(host, subset: weighted.destination.subset)
            let key = route.evidenceKey(
                to: weighted.destination,
                at: host,
                of: resource,
                list: list,
                index: index,
                store: routes.store,
                host: routes.host
            )
            var target = RouteCounter.Target(resolved, identity: key.destination)
            target.position = position
            target.weight = weighted.weight ?? 0
            target.port = weighted.destination.port ?? 0
            target.isConnection = true
            let counted = RouteCounter.Route(key, virtualService: RouteCompiler.owner(resource), name: "")
            let counter = RouteCounter(Shared(counted), Shared(target))
            records.append(
                routes.bare(resolved, port: weighted.destination.port, weight: weight, counter: counter)
            )
        }
        return records
    }
}
