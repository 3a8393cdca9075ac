// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources
import CanaryRouting

@testable import CanaryProxy

/// A routing table without proxy or sockets, and the route and destination that a request finds in it.
final class RoutedScene {
    let identifiers = RoutingIdentifiers()
    let table: RoutingTable
    private var texts: [UnsafeMutablePointer<UInt8>] = []

    init(_ endpoints: [(version: String, port: UInt16)], http: Value? = nil, resources: [Resource] = []) {
        table = TestProxy.table(endpoints, http, resources, identifiers)
    }

    deinit { texts.forEach { $0.deallocate() } }

    /// Bytes that live as long as the scene.
    func slice(_ text: String) -> ByteSlice {
        let bytes = Array(text.utf8)
        let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: max(bytes.count, 1))
        memory.initialize(from: bytes, count: bytes.count)
        texts.append(memory)
        return ByteSlice(base: memory, count: bytes.count)
    }

    func facts(_ path: String = "/") -> RequestFacts {
        var facts = RequestFacts()
        facts.method = slice("GET")
        facts.scheme = slice("http")
        facts.authority = slice("app")
        facts.path = slice(path)
        return facts
    }

    /// The route of a request to the Service `app`.
    func route(_ facts: RequestFacts, host: String = "app") -> RouteHandle? {
        table.virtualHost(listener: 0, authority: slice(host))?.route(for: facts)
    }

    func destination(_ facts: RequestFacts, host: String = "app") -> DestinationHandle? {
        route(facts, host: host)?.destination(for: facts, random: 0)
    }

    /// A DestinationRule of the Service with a load balancer.
    static func balancing(_ settings: Value) -> Resource {
        TestProxy.resource(
            .destinationRule,
            "app",
            ["spec": ["host": "app", "trafficPolicy": ["loadBalancer": settings]]]
        )
    }
}
