// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CanaryResources
import CanaryTestSupport
import Testing

@testable import CanaryStore

/// Stores that earlier versions made keep everything.
@Suite struct MigrationTests {
    let fixture: StoreFixture
    private let key = ResourceKey(.virtualService, namespace: "default", name: "shop")

    init() throws {
        fixture = try StoreFixture()
        try fixture.location.makeDirectory()
    }

    /// Makes a database as the first version of its format had it.
    private func make(_ format: DatabaseFormat, _ rows: String) throws {
        try fixture.scratch.write("", to: "store/\(format.name)")
        let connection = try Connection(
            path: fixture.path(format.name),
            access: .readWrite,
            busyTimeoutMilliseconds: 0
        )
        try connection.execute("PRAGMA journal_mode = WAL")
        try connection.execute(format.migrations[0])
        try connection.execute(
            "PRAGMA application_id = \(format.applicationID); PRAGMA user_version = 1; \(rows)"
        )
    }

    @Test func `routes keep the revisions that they are as they are since, and get a commit`() throws {
        try make(
            .cluster,
            """
            UPDATE store SET revision = 8;
            INSERT INTO objects VALUES
                (1, 'VirtualService', 'default', 'shop', 'u', 8, 2, 3, 0, '7,3,8', '{}'),
                (2, 'Service', 'default', 'shop', 'w', 1, 1, 1, 0, '', '{}');
            INSERT INTO past_objects VALUES
                (1, 'VirtualService', 'default', 'shop', 8, 0, 'ada', NULL, 'u', 7, 2, 2, 0, '7', '{"a":1}');
            INSERT INTO host_changes VALUES ('shop', 8, 0, 'ada', 'why', 'set-weight');
            """
        )
        let store = try #require(try fixture.openExisting())
        try store.read { reader in
            #expect(reader.revision == 8 && reader.commit.count == 32)
            let epochs = try reader.object(key)?.meta.routeEpochs ?? []
            #expect(epochs.map(\.revision) == [7, 3, 8])
            #expect(epochs.allSatisfy { $0.commit == reader.commit })
            #expect(try reader.object(service("shop"))?.meta.routeEpochs == [])
            guard case .present(let past) = try reader.object(key, asOf: 7) else {
                Issue.record("the past is gone")
                return
            }
            #expect(past.meta.routeEpochs == [RouteEpoch(revision: 7, commit: reader.commit)])
            #expect(try reader.history(host: "shop").map(\.summary) == ["set-weight"])
        }
        try fixture.open().write(.test) { writer in
            #expect(writer.nextEpoch.revision == 9 && writer.nextEpoch.commit != writer.commit)
            try writer.put(key, body: bytes("{\"b\":1}"), tokens: [], routeEpochs: [writer.nextEpoch])
        }
        try store.read { reader in
            let epochs = try reader.object(key)?.meta.routeEpochs
            #expect(epochs == [RouteEpoch(revision: 9, commit: reader.commit)])
        }
    }

    @Test func `proxies stay listed; counts by position, which may be another route's, are dropped`() throws {
        let process = ProcessIdentity.current
        try make(
            .runtime,
            """
            INSERT INTO proxies VALUES
                ('p', \(process.pid), \(process.startTicks), 1, 2, 3, '0.1', NULL, '127.0.0.1:15001');
            INSERT INTO counters VALUES ('a', 'default/a#0', 7, '0', 5, 1);
            """
        )
        let runtime = RuntimeStore(at: fixture.location, context: fixture.context) { _ in }
        #expect(try runtime.liveProxies().map(\.id) == ["p"])
        #expect(try runtime.evidence(store: "s", host: "a").isEmpty)
    }
}
