// SPDX-License-Identifier: Apache-2.0

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
    /// The route's position among the effective routes, and its name.
    package var routeIndex: Int
    package var routeName: String
}
