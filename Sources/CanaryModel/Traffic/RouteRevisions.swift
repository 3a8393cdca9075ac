// SPDX-License-Identifier: Apache-2.0

/// Since when each HTTP route of a VirtualService is what it is: observed shares count from there.
package enum RouteRevisions {
    /// A route that an earlier version of the object also had keeps its revision; any other gets the new one. Routes are
    /// found again by their content, each one once, so moving a route does not change it.
    package static func after(change before: Resource?, to after: Resource, revision: Int64) -> [Int64] {
        let routes = after.body["spec"]?["http"]?.items ?? []
        let oldRoutes = before?.body["spec"]?["http"]?.items ?? []
        let oldRevisions = before?.stored?.routeRevisions ?? []
        var known = Array(zip(oldRoutes, oldRevisions))
        return routes.map { route in
            guard let index = known.firstIndex(where: { $0.0 == route }) else { return revision }
            return known.remove(at: index).1
        }
    }
}
