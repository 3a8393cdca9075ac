// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Testing

@testable import CanaryResources
@testable import CanaryRouting

struct CounterRegistryTests {
    private func routes(_ weight: Int64, _ revision: Int64) -> Resource {
        Helloworld.routes([["route": Helloworld.split(["v1": weight, "v2": 100 - weight])]])
            .created(revision, routes: [revision])
    }

    @Test func `numbers come back when no table names them any more`() {
        let router = Router(Helloworld.backends + [routes(90, 1)])
        let registry = router.identifiers.counters
        var builder = router.builder
        let first = builder.table()
        let keys = Set(registry.keys)
        #expect(registry.withdraw().isEmpty)
        builder.apply(changed: [routes(80, 2)], removed: [], revision: 2)
        let second = builder.table()
        withExtendedLifetime(router) {
            // The first table still names its own.
            #expect(registry.withdraw().isEmpty)
            #expect(keys.isSubset(of: Set(registry.keys)))
        }
        withExtendedLifetime((first, second)) {}
    }

    @Test func `a year of changes takes no more numbers than a few`() {
        let identifiers = RoutingIdentifiers()
        var builder = RoutingTableBuilder(
            snapshot: ClusterSnapshot(revision: 1, Helloworld.backends + [routes(50, 1)]),
            namespace: "default",
            identifiers: identifiers
        )
        var table = builder.table()
        for revision in 2...1000 as ClosedRange<Int64> {
            builder.apply(changed: [routes(revision % 100, revision)], removed: [], revision: revision)
            table = builder.table()
            identifiers.counters.recycle(identifiers.counters.withdraw().map(\.number))
        }
        withExtendedLifetime(table) {
            #expect(identifiers.counters.count < 32)
            #expect(Set(identifiers.counters.keys.map(\.epoch.revision)).isSubset(of: [0, 1000]))
        }
    }

    @Test func `a number that is named again in time stays`() {
        let identifiers = RoutingIdentifiers()
        var builder = RoutingTableBuilder(
            snapshot: ClusterSnapshot(revision: 1, Helloworld.backends + [routes(50, 1)]),
            namespace: "default",
            identifiers: identifiers
        )
        _ = builder.table()
        let before = Set(identifiers.counters.keys)
        // Compiled anew, as the endpoints changed, with the same split.
        builder.apply(changed: [Helloworld.entry("v2", port: 9083)], removed: [], revision: 2)
        let table = builder.table()
        #expect(identifiers.counters.withdraw().isEmpty)
        #expect(Set(identifiers.counters.keys) == before)
        withExtendedLifetime(table) {}
    }
}
