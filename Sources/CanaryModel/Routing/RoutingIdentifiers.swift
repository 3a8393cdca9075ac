// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Where an endpoint is.
package struct EndpointAddress: Hashable, Sendable {
    /// An IPv4 or IPv6 address as text, without brackets, or a host name where ``isName`` is set.
    package var host: String
    package var port: UInt16
    /// Whether the proxy has to resolve the host by DNS (ServiceEntries with resolution DNS).
    package var isName: Bool

    package init(host: String, port: UInt16, isName: Bool = false) {
        self.host = host
        self.port = port
        self.isName = isName
    }

    /// `10.0.0.1:80`, `[::1]:80`.
    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// What requests are counted by: the identity of a destination of a route, as long as the route stays as it is.
package struct RouteCounterKey: Hashable, Sendable {
    /// The full name of the host that was asked for.
    package var host: String
    /// `namespace/name`; empty for a host without VirtualService.
    package var virtualService: String
    /// The position among the VirtualService's effective routes.
    package var route: Int
    /// The position among the route's destinations.
    package var destination: Int
    /// The endpoint's version label, for hosts without VirtualService only; else empty.
    package var version: String
    /// The revision that last changed the route.
    package var since: Int64

    package init(
        host: String,
        virtualService: String,
        route: Int,
        destination: Int,
        version: String,
        since: Int64
    ) {
        self.host = host
        self.virtualService = virtualService
        self.route = route
        self.destination = destination
        self.version = version
        self.since = since
    }
}

/// All that metrics need to know of a counter. Several counters can share a key; they differ in the endpoint's labels.
package struct RouteCounter: Hashable, Sendable {
    package var key: RouteCounterKey
    package var routeName: String
    /// The destination's full name.
    package var destinationHost: String
    /// Empty for none.
    package var subset: String
    /// The destination's own port; 0 where it is the request's.
    package var port: Int
    package var weight: Int
    /// The Service's name and namespace; a host that is no Service is its own name in the ServiceEntry's namespace.
    package var serviceName: String
    package var serviceNamespace: String
    /// The endpoint's workload (Deployment), `unknown` as in Istio where nothing says.
    package var workload: String
    /// The endpoint's version label, `unknown` as in Istio where it has none.
    package var version: String
}

/// Small numbers for endpoint addresses and counters, the same in every routing table that was made with this object; never
/// given back. A proxy keeps one for its life, a command makes one for itself.
package final class RoutingIdentifiers: Sendable {
    private struct State {
        var endpoints: [EndpointAddress] = []
        var endpointNumbers: [EndpointAddress: UInt32] = [:]
        var counters: [RouteCounter] = []
        var counterNumbers: [RouteCounter: UInt32] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    /// The address of an ``EndpointRecord/id``; `nil` for a number that was never given. Takes a lock: not for the request path.
    package func endpoint(_ id: UInt32) -> EndpointAddress? {
        state.withLock { $0.endpoints.indices.contains(Int(id)) ? $0.endpoints[Int(id)] : nil }
    }

    /// The meaning of a counter's number; `nil` for one that was never given. Takes a lock: not for the request path.
    package func counter(_ id: UInt32) -> RouteCounter? {
        state.withLock { $0.counters.indices.contains(Int(id)) ? $0.counters[Int(id)] : nil }
    }

    /// How many numbers were given so far: all of them are smaller.
    package var endpointCount: Int { state.withLock { $0.endpoints.count } }
    package var counterCount: Int { state.withLock { $0.counters.count } }

    package func id(of address: EndpointAddress) -> UInt32 {
        state.withLock { state in
            if let known = state.endpointNumbers[address] { return known }
            let number = UInt32(truncatingIfNeeded: state.endpoints.count)
            state.endpoints.append(address)
            state.endpointNumbers[address] = number
            return number
        }
    }

    package func id(of counter: RouteCounter) -> UInt32 {
        state.withLock { state in
            if let known = state.counterNumbers[counter] { return known }
            let number = UInt32(truncatingIfNeeded: state.counters.count)
            state.counters.append(counter)
            state.counterNumbers[counter] = number
            return number
        }
    }
}
