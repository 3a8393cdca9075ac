// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// Keeps a VirtualService's epochs through its changes.
package enum RouteEpochs {
    /// The epochs of `after`'s routes, those of `spec.http`, `spec.tcp` and `spec.tls`, in their order: a route that `before`
    /// also had, by its identity, and whose split is the same, keeps its epoch; any other begins one with `commit`. So moving a
    /// route, or changing its conditions' order, headers, timeouts or neighbours, goes on with what was counted.
    package static func after(
        change before: Resource?,
        to after: Resource,
        commit: RouteEpoch
    ) -> [RouteEpoch] {
        var known: [String: (split: RouteSplitSignature, epoch: RouteEpoch)] = [:]
        if let before, let epochs = before.stored?.routeEpochs {
            for (route, epoch) in zip(splits(of: before), epochs) {
                known[route.identity] = (route.split, epoch)
            }
        }
        return splits(of: after).map { route in
            guard let old = known[route.identity], old.split == route.split else { return commit }
            return old.epoch
        }
    }

    private static func splits(of resource: Resource) -> [(identity: String, split: RouteSplitSignature)] {
        guard let spec = resource.virtualService else { return [] }
        return spec.http.map { ($0.identity, RouteSplitSignature($0, of: resource)) }
            + (spec.tcpRoutes + spec.tlsRoutes).map { ($0.identity, RouteSplitSignature($0, of: resource)) }
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
        add(route.destinations, of: resource)
    }

    /// Connections are drawn independently, without salt.
    init(_ route: L4Route, of resource: Resource) { add(route.destinations, of: resource) }

    private mutating func add(_ destinations: [WeightedDestination], of resource: Resource) {
        for weighted in destinations {
            var destination = weighted.destination
            destination.host = HostName.resolve(destination.host, namespace: resource.namespace)
            let weight = max(weighted.weight ?? 0, 0)
            weights[destination, default: []] += destinations.count == 1 ? [] : [weight]
        }
    }
}
