// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// A change of a route's weights, worked out but not stored: DESIGN's `set-weight`.
package struct WeightPlan: Sendable {
    package struct Share: Hashable, Sendable {
        /// The subset, else the version label, else the destination's short host name.
        package var version: String
        package var weight: Int
    }

    /// What to store: the VirtualService that holds the route (the delegate's, where it is one), or a new one.
    package var key: ResourceKey
    package var body: Node
    /// Whether the VirtualService does not exist yet.
    package var isNew: Bool
    /// Whether the split stays what it is: nothing is to be stored.
    package var isUnchanged: Bool
    /// The route's destinations in their order; for a new VirtualService, the spread by endpoints so far.
    package var before: [Share]
    package var after: [Share]
    /// The route's number among those of the host (``HostRoute``), and its name.
    package var routeIndex: Int
    package var routeName: String

    /// The same plan for an object of another name, where the name is an other object's.
    package func named(_ name: String) -> WeightPlan {
        var plan = self
        plan.key = ResourceKey(key.kind, namespace: key.namespace, name: name)
        plan.body.set(.string(name), at: "metadata", "name")
        return plan
    }

    /// The names that a new VirtualService may have, the best first.
    package var names: some Sequence<String> {
        let name = key.name
        return [name, "\(name)-split"] + (2...99).lazy.map { "\(name)-split-\($0)" }
    }
}
