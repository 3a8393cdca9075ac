// SPDX-License-Identifier: Apache-2.0

import CanaryNode
import CanaryReplicas
import CanaryResources
import CanaryStore
import CanarySystem

/// Follows the objects of a store that pods are made of.
struct DeploymentFollower {
    private let follower: StoreFollower
    private var objects: [ResourceKey: Resource] = [:]
    private static let kinds: Set<ResourceKind> = [.deployment, .configMap, .secret]

    init(_ settings: Settings, stop: EventDescriptor) {
        follower = StoreFollower(at: StoreLocation(settings.storeDirectory), stop: stop)
    }

    /// Until the stop signal. While the store cannot be read, everything stays as it was.
    mutating func run(_ use: (NodeCluster) -> Void) {
        while true {
            switch follower.next() {
            case .stopped: return
            case .unavailable: continue
            case .changed(let changes): if take(changes) { use(cluster) }
            }
        }
    }

    /// Whether something is new that pods are made of.
    private mutating func take(_ changes: StoreChanges) -> Bool {
        let before = objects
        if changes.isComplete { objects = [:] }
        for key in changes.deleted { objects[key] = nil }
        for resource in changes.changed where Self.kinds.contains(resource.kind) {
            objects[resource.key] = resource
        }
        return changes.isComplete || before.count != objects.count
            || changes.changed.contains { Self.kinds.contains($0.kind) }
    }

    private var cluster: NodeCluster {
        var config: [String: [ConfigReference: [String: String]]] = [:]
        for resource in objects.values {
            guard let reference = ConfigReference(resource) else { continue }
            config[resource.namespace, default: [:]][reference] = ConfigReference.texts(of: resource)
        }
        return NodeCluster(deployments: objects.values.filter { $0.kind == .deployment }, config: config)
    }
}
