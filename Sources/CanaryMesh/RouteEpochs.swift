// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// Keeps a VirtualService's epochs through its changes.
package enum RouteEpochs {
    /// The epochs of `after`'s routes, in their order: a route that `before` also had, by its identity, and whose split is
    /// the same, keeps its epoch; any other begins one with `commit`. So moving a route, or changing its conditions' order,
    /// headers, timeouts or neighbours, goes on with what was counted.
    package static func after(
        change before: Resource?,
        to after: Resource,
        commit: RouteEpoch
    ) -> [RouteEpoch] {
        guard let routes = after.virtualService?.http else { return [] }
        var known: [String: (split: RouteSplitSignature, epoch: RouteEpoch)] = [:]
        if let before, let epochs = before.stored?.routeEpochs {
            for (route, epoch) in zip(before.virtualService?.http ?? [], epochs) {
                known[route.identity] = (RouteSplitSignature(route, of: before), epoch)
            }
        }
        return routes.map { route in
            guard let old = known[route.identity], old.split == RouteSplitSignature(route, of: after) else {
                return commit
            }
            return old.epoch
        }
    }
}

/// What makes a route's traffic go to its destinations as it does; equal for routes whose evidence may be put together.
private struct RouteSplitSignature: Equatable {
    /// The weights of a destination, more than one where it is listed repeatedly; none for a route's only destination.
    private var weights: [Destination: [Int]] = [:]
    private var delegate: HTTPRoute.Delegate?
    private var action = RouteAction.forward
    /// Another salt draws the users of sticky traffic anew.
    private var salt: String?

    init(_ route: HTTPRoute, of resource: Resource) {
        salt = resource.metadata.annotations[StickySalt.annotation]
        delegate = route.delegate
        delegate?.namespace = route.delegate?.namespace ?? resource.namespace
        action = route.redirect != nil ? .redirect : route.directResponse != nil ? .directResponse : .forward
        for weighted in route.destinations {
            var destination = weighted.destination
            destination.host = HostName.resolve(destination.host, namespace: resource.namespace)
            let weight = max(weighted.weight ?? 0, 0)
            weights[destination, default: []] += route.destinations.count == 1 ? [] : [weight]
        }
    }
}
