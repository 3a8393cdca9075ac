// SPDX-License-Identifier: Apache-2.0

/// A route as it takes effect: delegates merged in.
package struct EffectiveRoute: Sendable {
    package var route: HTTPRoute
    /// The VirtualService that was asked, the delegating one for a merged route.
    package var virtualService: Resource
    /// The position among the VirtualService's effective routes.
    package var index: Int
    /// The VirtualService that holds the destinations, the delegate for a merged route, and the position in its `spec.http`.
    /// Short destination names resolve in its namespace.
    package var source: Resource
    package var sourceIndex: Int
    /// The revision that last changed the route; 0 for manifests alone.
    package var since: Int64

    /// The full name of a destination's host.
    package func resolve(_ destination: Destination) -> String {
        HostName.resolve(destination.host, namespace: source.namespace)
    }
}

extension Resource {
    /// The revision that last changed an entry of `spec.http`; 0 for manifests alone.
    package func routeRevision(_ index: Int) -> Int64 {
        guard let stored else { return 0 }
        return stored.routeRevisions.indices.contains(index) ? stored.routeRevisions[index] : stored.revision
    }
}

extension ClusterSnapshot {
    /// The routes of a VirtualService in order, with those of its delegates in place of the delegating ones.
    ///
    /// A delegate that is missing, or not exported to the delegating VirtualService's namespace, loses its route only.
    package func effectiveRoutes(of virtualService: Resource) -> [EffectiveRoute] {
        var routes: [EffectiveRoute] = []
        for (rootIndex, root) in (virtualService.virtualService?.http ?? []).enumerated() {
            let since = virtualService.routeRevision(rootIndex)
            guard root.delegate != nil else {
                routes.append(
                    EffectiveRoute(
                        route: root,
                        virtualService: virtualService,
                        index: routes.count,
                        source: virtualService,
                        sourceIndex: rootIndex,
                        since: since
                    )
                )
                continue
            }
            guard let target = delegate(of: root, in: virtualService) else { continue }
            for (index, leaf) in (target.virtualService?.http ?? []).enumerated() where leaf.delegate == nil {
                guard let merged = DelegateMerge.merge(root, leaf) else { continue }
                routes.append(
                    EffectiveRoute(
                        route: merged,
                        virtualService: virtualService,
                        index: routes.count,
                        source: target,
                        sourceIndex: index,
                        since: max(since, target.routeRevision(index))
                    )
                )
            }
        }
        return routes
    }

    private func delegate(of root: HTTPRoute, in virtualService: Resource) -> Resource? {
        guard let reference = root.delegate else { return nil }
        let namespace = reference.namespace ?? virtualService.namespace
        let key = ResourceKey(.virtualService, namespace: namespace, name: reference.name)
        guard let target = resource(key), let spec = target.virtualService, spec.isDelegate,
            Visibility.isExported(spec.exportTo, from: namespace, to: virtualService.namespace)
        else { return nil }
        return target
    }

    /// The VirtualService that decides about a host inside the mesh: of those that cover it with the most specific
    /// pattern, the oldest one that `namespace` can see. Only exact hosts count where `coveringOnly` is false.
    package func meshVirtualService(
        for host: String,
        namespace: String,
        includingWildcards: Bool = true
    ) -> Resource? {
        for pattern in includingWildcards ? HostName.patterns(covering: host) : [host] {
            let found = resources(with: .host(pattern)).first { resource in
                guard let spec = resource.virtualService else { return false }
                return spec.boundGateways.contains(VirtualService.mesh)
                    && Visibility.isExported(spec.exportTo, from: resource.namespace, to: namespace)
            }
            if let found { return found }
        }
        return nil
    }
}

/// Istio's `exportTo`.
enum Visibility {
    /// Whether an object of one namespace can be seen in another: everywhere unless it says otherwise.
    static func isExported(_ exportTo: [String], from owner: String, to namespace: String) -> Bool {
        exportTo.isEmpty
            || exportTo.contains { $0 == "*" || $0 == namespace || ($0 == "." && owner == namespace) }
    }
}
