// SPDX-License-Identifier: Apache-2.0

import CanaryNode
import CanaryReplicas
import CanaryResources
import CanaryStore
import CanarySystem

/// Follows the objects of a store that pods are made of.
struct DeploymentFollower {
    private let follower: StoreFollower
    private let location: StoreLocation
    private var objects: [ResourceKey: Resource] = [:]
    private var imageCommands: [String: [String]] = [:]
    private static let kinds: Set<ResourceKind> = [.deployment, .configMap, .secret]

    init(_ settings: Settings, stop: EventDescriptor) {
        location = StoreLocation(settings.storeDirectory)
        follower = StoreFollower(at: location, stop: stop)
    }

    /// Until the stop signal. While the store cannot be read, everything stays as it was.
    mutating func run(_ use: (NodeCluster) -> Void) {
        while true {
            switch follower.next() {
            case .stopped: return
            case .unavailable: continue
            case .changed(let changes):
                // Both are looked at, whatever the first one finds.
                let isNew = [take(changes), takeImageCommands()]
                if isNew.contains(true) { use(cluster) }
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

    /// Whether other commands are to be run in the place of images.
    private mutating func takeImageCommands() -> Bool {
        let store = try? ClusterStore.openExisting(at: location)
        guard let commands = try? store?.read({ try $0.imageCommands() }), commands != imageCommands else {
            return false
        }
        imageCommands = commands
        return true
    }

    private var cluster: NodeCluster {
        var config: [String: [ConfigReference: [String: String]]] = [:]
        for resource in objects.values {
            guard let reference = ConfigReference(resource) else { continue }
            config[resource.namespace, default: [:]][reference] = ConfigReference.texts(of: resource)
        }
        return NodeCluster(
            deployments: objects.values.filter { $0.kind == .deployment },
            config: config,
            imageCommands: imageCommands
        )
    }
}
