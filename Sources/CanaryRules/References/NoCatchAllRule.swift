// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// No route of a VirtualService takes every request: what matches none of them gets 404. It is a warning where no condition
/// is about the path, so that the same page works for some clients and not for others. Inside the mesh it is information else,
/// since without the VirtualService other paths would work; at a Gateway alone, routes by path open what is meant. What another
/// VirtualService of the same host at the same Gateway takes, and what a delegate takes, counts; a route for the authority of
/// each host is enough at a Gateway. Clients of the mesh for which no route exists at all, by their labels, their namespace or
/// the port, are as if there were no VirtualService: where its hosts are Services, nothing is missing for them.
enum NoCatchAllRule: ReferenceRule {
    static let code = RuleCode("CAN1114")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        guard let spec = object.resource.virtualService, !spec.isDelegate,
            !spec.http.contains(where: { $0.isCatchAll && $0.delegate == nil }),
            let last = object.httpRoutes.last,
            !cluster.references.gatewayHosts.hasNeighbours(object.resource)
        else { return }
        let scopes = object.httpRoutes.flatMap { Self.scopes(of: $0, object.resource, cluster) }
        guard !isExhaustive(scopes, spec, object.resource.namespace),
            !takesAllOfItsClients(scopes, object, cluster)
        else { return }
        let count = object.httpRoutes.count
        let asksForPath = object.httpMatches.contains { $0["uri"] != nil }
        guard !asksForPath || object.isMeshBound else { return }
        report.add(
            at: last["match"] ?? last,
            "requests that \(count == 1 ? "do not match the only route" : "match none of the \(count) routes") get 404",
            hint: "add a last route without \"match\"",
            severity: asksForPath ? .info : .warning
        )
    }

    /// What a route takes for sure. A delegate that is not there is a finding of its own.
    private static func scopes(of route: Located, _ resource: Resource, _ cluster: ClusterView)
        -> [MatchScope]
    {
        let own = RouteCoverage.blocks(of: route, 0).map(\.scope)
        guard let delegate = route["delegate"] else { return own }
        let namespace = delegate["namespace"]?.string ?? resource.namespace
        let key = ResourceKey(.virtualService, namespace: namespace, name: delegate["name"]?.string ?? "")
        guard let target = cluster.snapshot.resource(key)?.virtualService, target.isDelegate else {
            return own
        }
        return target.http.contains(where: \.isCatchAll) ? own : []
    }

    private static func isExhaustive(_ scopes: [MatchScope], _ spec: VirtualService, _ namespace: String)
        -> Bool
    {
        var open = Set(spec.boundGateways.map { GatewayReference($0, namespace: namespace) })
        for scope in scopes where scope.isUnconditional {
            if scope.gateways.isEmpty { return true }
            open.subtract(scope.gateways.map { GatewayReference($0, namespace: namespace) })
        }
        if open.isEmpty || takesEachHost(scopes, spec) { return true }
        // Ports may be all that there are, and a condition and its opposite leave nothing.
        let known = Set(scopes)
        return scopes.contains { scope in
            scope.asksForPortAlone || scope.opposite.map(known.contains) ?? false
        }
    }

    /// Whether each client of the mesh for which any block exists has one that takes all its requests, while the Services
    /// themselves take those of the others.
    private static func takesAllOfItsClients(
        _ scopes: [MatchScope],
        _ object: CheckedObject,
        _ cluster: ClusterView
    ) -> Bool {
        let resource = object.resource
        guard let spec = resource.virtualService,
            spec.boundGateways.allSatisfy({ $0 == VirtualService.mesh }),
            spec.hosts.allSatisfy({ host in
                let name = HostName.resolve(host, namespace: resource.namespace)
                return cluster.service(for: name, namedBy: resource) != nil
            })
        else { return false }
        let whole = Array(Set(scopes.filter { $0.takesAllOfItsClients && $0.isForMesh }))
        // Hundreds of kinds of clients are written by nobody, and comparing them all would take long.
        guard whole.count <= RouteCoverage.mostCompared else { return false }
        return scopes.allSatisfy { scope in !scope.isForMesh || whole.contains { $0.existsWhere(scope) } }
    }

    /// Whether there is a block for each host that clients of gateways can call. Inside the mesh, hosts have other names too.
    private static func takesEachHost(_ scopes: [MatchScope], _ spec: VirtualService) -> Bool {
        guard !spec.boundGateways.contains(VirtualService.mesh),
            !spec.hosts.contains(where: HostName.isWildcard)
        else { return false }
        return Set(spec.hosts).isSubset(of: scopes.compactMap(\.authority))
    }
}
