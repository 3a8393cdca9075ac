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

    /// `labels` are the proxy's own.
    init(
        _ endpoints: [(version: String, port: UInt16)],
        http: Value? = nil,
        resources: [Resource] = [],
        labels: [String: String] = [:]
    ) {
        table = TestProxy.table(endpoints, http, resources, identifiers, labels: labels)
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
    static func balancing(_ settings: Value) -> Resource { policy([("loadBalancer", settings)]) }

    /// A DestinationRule of the Service.
    static func policy(_ blocks: [(String, Value)]) -> Resource {
        let spec: [(String, Value)] = [("host", "app"), ("trafficPolicy", .object(blocks))]
        return TestProxy.resource(.destinationRule, "app", ["spec": .object(spec)])
    }

    /// An endpoint of the Service's version v1.
    static func endpoint(_ port: UInt16, weight: Int64 = 1, locality: String = "") -> Resource {
        let spec: Value = [
            "address": "127.0.0.1", "ports": ["http": .integer(Int64(port))],
            "labels": ["app": "app", "version": "v1"], "weight": .integer(weight),
            "locality": .text(locality),
        ]
        return TestProxy.resource(.workloadEntry, "endpoint-\(port)", ["spec": spec])
    }
}
