// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// What the routes and mirrors of all VirtualServices send to.
struct RouteUseIndex {
    struct Target: Hashable {
        /// The full name.
        var host: String
        /// `nil` for the host as a whole.
        var subset: String?
    }

    /// How a VirtualService uses a target: with the largest share of all of its routes.
    struct Use {
        var resource: Resource
        /// Of the route's requests; 0 for a destination that gets none of them.
        var share: Double
    }

    private var strongest: [Target: Use] = [:]
    private var mirrored: Set<Target> = []
    /// The hosts of which anything gets requests.
    private var receivingHosts: Set<String> = []
    private var named: [String: Set<String>] = [:]

    /// `virtualServices` are oldest first.
    init(_ virtualServices: [Resource]) {
        for resource in virtualServices {
            guard let spec = resource.virtualService else { continue }
            let lists = spec.http.map(\.destinations) + (spec.tlsRoutes + spec.tcpRoutes).map(\.destinations)
            for list in lists {
                for (destination, share) in zip(list, list.splitWeights.shares) {
                    add(destination.destination, share, resource)
                }
            }
            for mirror in spec.http.flatMap(\.effectiveMirrors) {
                let target = name(mirror.destination, resource)
                mirrored.insert(target)
                receivingHosts.insert(target.host)
            }
        }
    }

    private mutating func add(_ destination: Destination, _ share: Double, _ resource: Resource) {
        let target = name(destination, resource)
        if share > 0 { receivingHosts.insert(target.host) }
        if let known = strongest[target], known.share >= share { return }
        strongest[target] = Use(resource: resource, share: share)
    }

    private mutating func name(_ destination: Destination, _ resource: Resource) -> Target {
        let host = HostName.resolve(destination.host, namespace: resource.namespace)
        if let subset = destination.subset { named[host, default: []].insert(subset) }
        return Target(host: host, subset: destination.subset)
    }

    /// The route with the largest share; of equal ones that of the oldest VirtualService.
    func strongestUse(of target: Target) -> Use? { strongest[target] }

    /// The subsets that routes and mirrors name, whatever their weight.
    func subsets(of host: String) -> Set<String> { named[host] ?? [] }

    /// Whether some route or mirror sends requests to a target, be it by a name that includes it.
    func receives(_ target: Target) -> Bool {
        if target.subset == nil { return receivingHosts.contains(target.host) }
        return isPositive(target) || isPositive(Target(host: target.host))
    }

    private func isPositive(_ target: Target) -> Bool {
        (strongest[target]?.share ?? 0) > 0 || mirrored.contains(target)
    }
}
