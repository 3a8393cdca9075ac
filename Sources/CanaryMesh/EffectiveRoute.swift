// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

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
    /// The position in the `spec.http` of ``virtualService``, of the delegating route for a merged one.
    package var rootIndex: Int
    /// What tells it from the other routes of ``virtualService``, wherever it stands.
    package var identity: String
    package var epoch: RouteEpoch

    /// The revision that last changed the route's split; 0 for manifests alone.
    package var since: Int64 { epoch.revision }

    /// The full name of a destination's host.
    package func resolve(_ destination: Destination) -> String {
        HostName.resolve(destination.host, namespace: source.namespace)
    }
}

extension EffectiveRoute {
    /// A route that its VirtualService holds itself.
    fileprivate init(_ route: HTTPRoute, _ index: Int, of virtualService: Resource) {
        self.init(
            route: route,
            virtualService: virtualService,
            index: index,
            source: virtualService,
            sourceIndex: index,
            rootIndex: index,
            identity: route.identity,
            epoch: virtualService.routeEpoch(index)
        )
    }
}

extension Resource {
    /// Since when an entry of `spec.http` splits its traffic as it does.
    package func routeEpoch(_ index: Int) -> RouteEpoch {
        guard let stored else { return .none }
        guard stored.routeEpochs.indices.contains(index) else {
            return RouteEpoch(revision: stored.revision, commit: "")
        }
        return stored.routeEpochs[index]
    }
}

/// A route that takes no requests, because what it delegates to can't be used.
package struct LostRoute: Sendable {
    package enum Reason: Hashable, Sendable {
        /// There is no such VirtualService.
        case missing
        /// It has hosts of its own, so that nobody can delegate to it.
        case isNoDelegate
        /// It is not exported to the delegating VirtualService's namespace.
        case notExported
        /// It has no routes.
        case empty
        /// The conditions of both routes can't be combined.
        case conflict
        /// The delegate's route delegates itself.
        case nested
    }

    /// The delegating route and its position in `spec.http`.
    package var route: HTTPRoute
    package var index: Int
    package var delegate: ResourceKey
    /// The delegate's route that is lost, and its position; `nil` where the delegate as a whole is of no use.
    package var leaf: HTTPRoute?
    package var leafIndex: Int?
    package var reason: Reason
}

extension ClusterSnapshot {
    private enum Step {
        case effective(EffectiveRoute)
        case lost(LostRoute)
    }

    /// The routes of a VirtualService in order, with those of its delegates in place of the delegating ones.
    ///
    /// A delegate that is missing, or not exported to the delegating VirtualService's namespace, loses its route only.
    package func effectiveRoutes(of virtualService: Resource) -> [EffectiveRoute] {
        var routes: [EffectiveRoute] = []
        for (index, root) in (virtualService.virtualService?.http ?? []).enumerated() {
            for step in steps(root, index, of: virtualService) {
                guard case .effective(var route) = step else { continue }
                route.index = routes.count
                routes.append(route)
            }
        }
        return routes
    }

    /// The delegating routes of a VirtualService that come to nothing, in order; one that several of its delegate's routes
    /// are lost of, several times.
    package func lostRoutes(of virtualService: Resource) -> [LostRoute] {
        var routes: [LostRoute] = []
        for (index, root) in (virtualService.virtualService?.http ?? []).enumerated()
        where root.delegate != nil {
            for case .lost(let route) in steps(root, index, of: virtualService) { routes.append(route) }
        }
        return routes
    }

    private func steps(_ root: HTTPRoute, _ rootIndex: Int, of virtualService: Resource) -> [Step] {
        let own = EffectiveRoute(root, rootIndex, of: virtualService)
        guard let delegate = root.delegate else { return [.effective(own)] }
        let namespace = delegate.namespace ?? virtualService.namespace
        let key = ResourceKey(.virtualService, namespace: namespace, name: delegate.name)
        func lost(_ reason: LostRoute.Reason, _ leaf: HTTPRoute? = nil, _ index: Int? = nil) -> Step {
            .lost(
                LostRoute(
                    route: root,
                    index: rootIndex,
                    delegate: key,
                    leaf: leaf,
                    leafIndex: index,
                    reason: reason
                )
            )
        }
        guard let target = resource(key), let spec = target.virtualService else { return [lost(.missing)] }
        guard spec.isDelegate else { return [lost(.isNoDelegate)] }
        guard Visibility.isExported(spec.exportTo, from: namespace, to: virtualService.namespace) else {
            return [lost(.notExported)]
        }
        guard !spec.http.isEmpty else { return [lost(.empty)] }
        return spec.http.enumerated().map { index, leaf in
            guard leaf.delegate == nil else { return lost(.nested, leaf, index) }
            guard let merged = DelegateMerge.merge(root, leaf) else {
                return lost(.conflict, leaf, index)
            }
            var route = own
            route.route = merged
            (route.source, route.sourceIndex) = (target, index)
            route.identity = RouteIdentity.merged(root, leaf, of: target)
            let epoch = target.routeEpoch(index)
            if epoch.revision > route.epoch.revision { route.epoch = epoch }
            return .effective(route)
        }
    }

    /// The VirtualServices that may decide about a host inside the mesh, in the order in which they are asked: those that name
    /// it and that `namespace` can see, oldest first. Where none does, the oldest one with the most specific pattern that
    /// covers it, if `includingWildcards`: istiod lets only one of those be for a Service, whether it has routes or not.
    package func meshVirtualServices(
        for host: String,
        namespace: String,
        includingWildcards: Bool = true
    ) -> [Resource] {
        for pattern in includingWildcards ? HostName.patterns(covering: host) : [host] {
            let found = resources(with: .host(pattern)).filter { resource in
                guard let spec = resource.virtualService else { return false }
                return spec.boundGateways.contains(VirtualService.mesh)
                    && Visibility.isExported(spec.exportTo, from: resource.namespace, to: namespace)
            }
            if !found.isEmpty { return pattern == host ? found : Array(found.prefix(1)) }
        }
        return []
    }
}

/// Istio's `exportTo`.
package enum Visibility {
    /// Whether an object of one namespace can be seen in another: everywhere unless it says otherwise.
    package static func isExported(_ exportTo: [String], from owner: String, to namespace: String) -> Bool {
        exportTo.isEmpty
            || exportTo.contains { $0 == "*" || $0 == namespace || ($0 == "." && owner == namespace) }
    }
}
