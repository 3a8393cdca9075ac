// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport

@testable import CanaryResources
@testable import CanaryRouting

/// The only route of a host, kept together with the table that it lies in.
struct RouteProbe {
    let router: Router
    let table: RoutingTable
    let arena = RoutingArena()

    init(_ route: Node, objects: [Resource] = Helloworld.backends) {
        var route = route
        if route["route"] == nil { route.set(Helloworld.split(["v1": 1]), at: "route") }
        router = Router(objects + [Helloworld.routes([route])])
        table = router.builder.table()
    }

    func facts(
        _ target: String = "/",
        method: String = "GET",
        headers: KeyValuePairs<String, String> = [:],
        source: String = "10.1.2.3"
    ) -> RequestFacts {
        var facts = Router.facts(target, method, headers, source, arena)
        facts.authority = arena.store("helloworld")
        facts.port = 5000
        return facts
    }

    /// Hands the route to `body`; it must not leave it.
    func withRoute<Result>(_ facts: RequestFacts, _ body: (RouteHandle) -> Result) -> Result? {
        withExtendedLifetime((table, arena)) {
            table.virtualHost(listener: 0, authority: facts.authority)?.route(for: facts).map(body)
        }
    }
}
