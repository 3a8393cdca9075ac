// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CanaryResources
import CanaryTestSupport
import Glibc
import Synchronization
import Testing

@testable import CanaryStore

@Suite(.timeLimit(.minutes(15))) struct StoreFollowerTests {
    let fixture: StoreFixture
    let stop = EventDescriptor()
    let follower: StoreFollower

    init() throws {
        fixture = try StoreFixture()
        follower = StoreFollower(at: fixture.location, stop: stop, context: fixture.context)
    }

    private func put(_ name: String, _ body: String = "1") throws {
        try fixture.open().write(.test) { try $0.put(service(name), body: bytes(body), tokens: []) }
    }

    private func nextChanges() throws -> StoreChanges {
        switch follower.next() {
        case .changed(let changes): return changes
        case .unavailable(let error): throw error
        case .stopped: throw FailedCall(name: "stopped", number: 0)
        }
    }

    @Test func `first everything, then what changed`() throws {
        try put("a")
        let first = try nextChanges()
        #expect(first.isComplete)
        #expect(first.changed.map(\.key.name) == ["a"])
        try put("b")
        try fixture.open().write(.test) { try $0.delete(service("a")) }
        let next = try nextChanges()
        #expect(!next.isComplete)
        #expect(next.revision == 3)
        #expect(next.changed.map(\.key.name) == ["b"])
        #expect(next.deleted == [service("a")])
    }

    @Test func `who wants no bodies gets typed views alone`() throws {
        let body = #"{"spec":{"selector":{"app":"shop"},"ports":[{"port":80}]}}"#
        try put("a", body)
        let bare = StoreFollower(
            at: fixture.location,
            stop: stop,
            context: fixture.context,
            keepingBodies: false
        )
        guard case .changed(let changes) = bare.next(), let view = changes.changed.first else {
            Issue.record("nothing changed")
            return
        }
        #expect(view.service?.selector == ["app": "shop"])
        #expect(view.stored?.revision == 1)
        #expect(view.body == .mapping([:]))
        #expect(try nextChanges().changed.first?.body == JSONReader.read(body))
    }

    @Test func `a waiting follower is woken by a commit`() throws {
        try put("a")
        // One that looks by itself too late for this test.
        nonisolated(unsafe) let follower = StoreFollower(
            at: fixture.location,
            stop: stop,
            context: fixture.context,
            checkMilliseconds: .max
        )
        _ = follower.next()
        let fixture = fixture
        let found = Mutex<[String]>([])
        for name in ["b", "c", "d", "e", "f"] {
            // Only one of the threads uses the follower, and it most often waits when the other one writes.
            inThreads(2) { index in
                if index == 1 {
                    _ = try? fixture.open().write(.test) {
                        try $0.put(service(name), body: bytes("1"), tokens: [])
                    }
                } else if case .changed(let changes) = follower.next() {
                    found.withLock { $0 += changes.changed.map(\.key.name) }
                }
            }
        }
        #expect(found.withLock { $0 } == ["b", "c", "d", "e", "f"])
    }

    @Test func `a commit whose writer was killed before it told anybody is found`() throws {
        try put("a")
        _ = try nextChanges()
        let database = try Database.open(.cluster, at: fixture.location, lockTimeoutMilliseconds: 60_000)
        try database.write { () throws -> (Void, Database.Ending) in
            let writer = try StoreWriter(database, note: .test, context: fixture.context)
            try writer.put(service("b"), body: bytes("1"), tokens: [])
            try writer.finish()
            return ((), .commit)
        }
        #expect(try nextChanges().changed.map(\.key.name) == ["b"])
    }

    @Test func `a store that is not there yet is waited for`() throws {
        guard case .unavailable(let error) = follower.next() else {
            Issue.record("there is no store")
            return
        }
        #expect(error.code == .absent)
        try put("a")
        #expect(try nextChanges().changed.map(\.key.name) == ["a"])
    }

    @Test func `a store that goes away and comes back as another one is read anew`() throws {
        try put("a")
        try put("a", "2")
        _ = try nextChanges()
        rename(fixture.location.directory, fixture.scratch.path("old"))
        let error = #expect(throws: StoreError.self) { try nextChanges() }
        #expect(error?.code == .absent)
        for name in ["x", "y", "z"] { try put(name) }
        let changes = try nextChanges()
        #expect(changes.isComplete)
        #expect(changes.changed.map(\.key.name).contains("x"))
    }

    @Test func `a store that is damaged and mended goes on where it was`() throws {
        try put("a")
        _ = try nextChanges()
        let kept = fixture.scratch.path("kept")
        rename(fixture.location.directory, kept)
        try fixture.location.makeDirectory()
        try fixture.scratch.write(String(repeating: "garbage ", count: 4_000), to: "store/cluster.db")
        let error = #expect(throws: StoreError.self) { try nextChanges() }
        #expect(error?.code == .corrupt)
        rename(fixture.location.directory, fixture.scratch.path("broken"))
        rename(kept, fixture.location.directory)
        #expect(try nextChanges().revision == 1)
    }

    /// The bytes of the column may be no text either; what is read of it then is not what is stored.
    @Test(arguments: ["'Servic'", "'Service2'", "''", "CAST(x'5365FF' AS TEXT)"])
    func `a row whose kind is none is named, in every list of changes`(_ kind: String) throws {
        try put("a")
        try put("b")
        try fixture.open().write(.test) { writer in
            try writer.database.run("UPDATE objects SET kind = \(kind) WHERE name = 'a'", [])
        }
        let first = try nextChanges()
        #expect(first.changed.map(\.key.name) == ["b"])
        #expect(first.unreadable.count == 1 && first.unreadable[0].name.hasSuffix(" default/a"))
        try put("c")
        #expect(try nextChanges().unreadable == first.unreadable)
        try put("a", #"{"kind": "Service"}"#)
        #expect(try nextChanges().unreadable.isEmpty)
    }

    @Test func `an index that was cut off is not touched`() throws {
        try put("a")
        _ = try nextChanges()
        truncate(fixture.path("cluster.db-shm"), 0)
        stop.signal()
        // Reading the mapped file behind its end would be SIGBUS.
        guard case .stopped = follower.next() else {
            Issue.record("nothing changed")
            return
        }
    }

    @Test func `stopping ends the wait`() throws {
        try put("a")
        _ = try nextChanges()
        let stop = stop
        inThreads(1) { _ in stop.signal() }
        guard case .stopped = follower.next() else {
            Issue.record("it was stopped")
            return
        }
    }

    @Test func `a restored backup that has come to the same revision again is another state`() throws {
        try put("a")
        let database = fixture.path("cluster.db")
        let backup = fixture.path("backup.db")
        let connection = try Connection(path: database, access: .readWrite, busyTimeoutMilliseconds: 0)
        try connection.execute("VACUUM INTO '\(backup)'")
        try put("b")
        try put("c")
        #expect(try nextChanges().revision == 3)
        // As `.restore` of SQLite's shell does it: the file stays, its content goes back. Then two other changes.
        try connection.execute(
            """
            ATTACH '\(backup)' AS backup;
            BEGIN IMMEDIATE;
            DELETE FROM objects WHERE name <> 'a';
            UPDATE store SET revision = 1;
            DELETE FROM commits;
            INSERT INTO commits SELECT * FROM backup.commits;
            COMMIT;
            """
        )
        try put("d")
        try put("e")
        let changes = try nextChanges()
        #expect(changes.revision == 3 && changes.isComplete)
        #expect(changes.changed.map(\.key.name) == ["a", "d", "e"])
    }
}
