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

/// Small numbers for endpoint addresses and counters, the same in every routing table that was made with this object; those of
/// addresses are never given back. A proxy keeps one for its life, a command makes one for itself.
package final class RoutingIdentifiers: Sendable {
    private struct State {
        var endpoints: [EndpointAddress] = []
        var endpointNumbers: [EndpointAddress: UInt32] = [:]
    }

    package let counters = CounterRegistry()
    private let state = Mutex(State())

    package init() {}

    /// The address of an ``EndpointRecord/id``; `nil` for a number that was never given. Takes a lock: not for the request path.
    package func endpoint(_ id: UInt32) -> EndpointAddress? {
        state.withLock { $0.endpoints.indices.contains(Int(id)) ? $0.endpoints[Int(id)] : nil }
    }

    /// The meaning of a counter's number; `nil` for one that has none. Takes a lock: not for the request path.
    package func counter(_ id: UInt32) -> RouteCounter? { counters.counter(id) }

    /// How many numbers were given so far: all of them are smaller.
    package var endpointCount: Int { state.withLock { $0.endpoints.count } }

    package func id(of address: EndpointAddress) -> UInt32 {
        state.withLock { state in
            if let known = state.endpointNumbers[address] { return known }
            let number = UInt32(truncatingIfNeeded: state.endpoints.count)
            state.endpoints.append(address)
            state.endpointNumbers[address] = number
            return number
        }
    }
}
