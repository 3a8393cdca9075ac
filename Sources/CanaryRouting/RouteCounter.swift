// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
package import CanaryResources

/// All that metrics and pages need to know of a counter. Several counters can share a key; they differ in the endpoint's labels
/// or in what of the route does not concern its split.
///
/// There may be hundreds of thousands, so that what counters have in common is kept once.
package struct RouteCounter: Hashable, Sendable {
    /// What the counters of a route have in common.
    package struct Route: Hashable, Sendable {
        /// Its key as far as it is of the route: without a destination.
        package var key: EvidenceKey
        /// `namespace/name`; empty for a host without VirtualService.
        package var virtualService: String
        package var name: String

        package init(_ key: EvidenceKey, virtualService: String, name: String) {
            self.key = key
            self.key.destination = ""
            self.virtualService = virtualService
            self.name = name
        }
    }

    /// Where requests go, or that they go nowhere: many routes have it in common.
    package struct Target: Hashable, Sendable {
        /// In the key; empty where the proxy answers by itself.
        package var identity = ""
        /// The position among the route's destinations; -1 where there is none.
        package var position = -1
        /// The destination's full name; `unknown`, as in Istio, where the proxy answers by itself.
        package var host = "unknown"
        /// Empty for none.
        package var subset = ""
        /// The destination's own port; 0 where it is the request's.
        package var port = 0
        package var weight = 0
        /// The Service's name and namespace; a host that is no Service is its own name in the ServiceEntry's namespace.
        package var serviceName = "unknown"
        package var serviceNamespace = "unknown"
        /// The endpoint's workload (Deployment), `unknown` as in Istio where nothing says.
        package var workload = "unknown"
        /// The endpoint's version label, `unknown` as in Istio where it has none.
        package var version = "unknown"
        /// Whether connections are counted, instead of requests.
        package var isConnection = false

        /// Of answers that come from no destination.
        static let none = Shared(Target())

        init() {}

        /// Of the first destination of a route.
        init(_ destination: ResolvedDestination, identity: String) {
            self.identity = identity
            position = 0
            host = destination.host
            subset = destination.subset ?? ""
            serviceName = destination.service?.name ?? destination.host
            serviceNamespace = destination.service?.namespace ?? "unknown"
        }
    }

    package var route: Shared<Route>
    package var target: Shared<Target>

    package init(_ route: Shared<Route>, _ target: Shared<Target>) {
        self.route = route
        self.target = target
    }

    /// A counter of what a key is of, about whose destination nothing else is known.
    package init(answersOf key: EvidenceKey, virtualService: String, routeName: String) {
        var target = Target()
        target.identity = key.destination
        self.init(Shared(Route(key, virtualService: virtualService, name: routeName)), Shared(target))
    }
}

extension RouteCounter {
    package var key: EvidenceKey {
        var key = route.value.key
        key.destination = target.value.identity
        return key
    }

    package var virtualService: String { route.value.virtualService }
    package var routeName: String { route.value.name }
    package var position: Int { target.value.position }
    package var destinationHost: String { target.value.host }
    package var subset: String { target.value.subset }
    package var port: Int { target.value.port }
    package var weight: Int { target.value.weight }
    package var serviceName: String { target.value.serviceName }
    package var serviceNamespace: String { target.value.serviceNamespace }
    package var workload: String { target.value.workload }
    package var version: String { target.value.version }
    package var isConnection: Bool { target.value.isConnection }

    /// Whether copies are counted.
    package var isMirror: Bool { position < 0 && !target.value.identity.isEmpty }
}
