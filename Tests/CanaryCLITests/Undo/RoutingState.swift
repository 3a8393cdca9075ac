// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryStore

@testable import CanaryCLI

/// The objects that decide about routing at one revision, and what that means for a host: a model of what `undo` restores.
struct RoutingState {
    struct Object: Equatable {
        var resource: String
        var age: Int64
        var hosts: [String]
        var delegates: [ResourceKey]
    }

    var objects: [ResourceKey: Object] = [:]

    init() {}

    /// As a store has them.
    init(_ reader: StoreReader) throws {
        for kind in [ResourceKind.virtualService, .destinationRule] {
            for object in try reader.objects(kind: kind) {
                let resource = try DamagedObjects.resource(object)
                objects[resource.key] = Object(
                    resource: String(decoding: object.body, as: UTF8.self),
                    age: resource.stored?.createdRevision ?? 0,
                    hosts: resource.routedHosts,
                    delegates: (resource.virtualService?.http ?? []).compactMap(\.delegate).map {
                        ResourceKey(
                            .virtualService,
                            namespace: $0.namespace ?? resource.namespace,
                            name: $0.name
                        )
                    }
                )
            }
        }
    }

    /// A host's VirtualServices, in their order of precedence.
    func roots(of host: String) -> [ResourceKey] {
        inOrder(objects.filter { $0.key.kind == .virtualService && $0.value.hosts.contains(host) })
    }

    private func inOrder(_ objects: [ResourceKey: Object]) -> [ResourceKey] {
        objects.sorted { ($0.value.age, $0.key.name) < ($1.value.age, $1.key.name) }.map(\.key)
    }

    private func delegates(of host: String) -> [ResourceKey] {
        Set(roots(of: host).flatMap { objects[$0]?.delegates ?? [] }).sorted()
    }

    private func rules(of host: String) -> [ResourceKey] {
        inOrder(objects.filter { $0.key.kind == .destinationRule && $0.value.hosts.contains(host) })
    }

    /// Everything that decides about a host's routing, whether it exists or not.
    func keys(of host: String) -> Set<ResourceKey> {
        Set(roots(of: host) + delegates(of: host) + rules(of: host))
    }

    /// What a host's requests meet, in order.
    func routing(of host: String) -> [String] {
        (roots(of: host) + delegates(of: host) + rules(of: host)).map {
            "\($0): \(objects[$0]?.resource ?? "missing")"
        }
    }

    /// The objects that differ in content, age or existence.
    func changes(to other: RoutingState) -> Set<ResourceKey> {
        Set(objects.keys).union(other.objects.keys).filter { objects[$0] != other.objects[$0] }
    }
}
