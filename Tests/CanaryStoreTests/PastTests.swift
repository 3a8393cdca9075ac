// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryTestSupport
import Testing

@testable import CanaryStore

/// What is known of objects as they were.
@Suite struct PastTests {
    let fixture: StoreFixture
    let store: ClusterStore
    let rule = ResourceKey(.virtualService, namespace: "default", name: "a")

    init() throws {
        fixture = try StoreFixture()
        store = try fixture.open()
    }

    private func put(_ body: String, _ key: ResourceKey? = nil) throws {
        try store.write(.test) { writer in
            try writer.put(key ?? rule, body: bytes(body), tokens: [])
            writer.noteHostChange("a.default", summary: "put", objects: [key ?? rule])
        }
    }

    private func delete(_ key: ResourceKey? = nil) throws {
        try store.write(.test) { writer in
            try writer.delete(key ?? rule)
            writer.noteHostChange("a.default", summary: "deleted", objects: [key ?? rule])
        }
    }

    private func past(_ key: ResourceKey, _ revision: Int64) throws -> String {
        switch try store.read({ try $0.object(key, asOf: revision) }) {
        case .present(let object): String(decoding: object.body, as: UTF8.self)
        case .absent: "absent"
        case .forgotten: "forgotten"
        }
    }

    @Test func `an object that comes back has its old identity and age`() throws {
        try put("1")
        let old = try #require(try store.read { try $0.object(rule) })
        try delete()
        try store.write(.test) { writer in
            try writer.put(rule, body: bytes("1"), tokens: [], identity: old.meta)
        }
        let meta = try #require(try store.read { try $0.object(rule) }).meta
        #expect(meta.createdRevision == 1)
        #expect(meta.revision == 3)
        #expect(try (0...3).map { try past(rule, $0) } == ["absent", "1", "absent", "1"])
    }

    @Test func `the same text under another identity is a change`() throws {
        try put("1")
        let old = try #require(try store.read { try $0.object(rule) })
        try delete()
        try put("1")
        let change = try store.write(.test) { writer in
            try writer.put(rule, body: bytes("1"), tokens: [], identity: old.meta)
        }
        #expect(change.value == .changed)
        #expect(try store.read { try $0.object(rule) }?.meta.createdRevision == 1)
    }

    @Test func `before the kept changes, an object is forgotten and not absent`() throws {
        try put("first")
        try delete()
        for number in 1...(StoreWriter.keptChanges + 5) { try put("\(number)") }
        #expect(try past(rule, 1) == "forgotten")
        #expect(try past(rule, 5) == "forgotten")
        #expect(try past(rule, 50) == "48")
        #expect(try store.read { try $0.knownSince(host: "a.default") } == 7)
    }

    @Test func `a deletion is known however much else is deleted afterwards`() throws {
        try put("1")
        try delete()
        let others = (0..<10_001).map { ResourceKey(.destinationRule, namespace: "default", name: "r\($0)") }
        try store.write(.test) { writer in
            for key in others { try writer.put(key, body: bytes("1"), tokens: []) }
        }
        // Each half a deletion of its own.
        for half in [others[..<5000], others[5000...]] {
            try store.write(.test) { writer in
                for key in half { try writer.delete(key) }
            }
        }
        #expect(try past(rule, 1) == "1")
    }

    @Test func `what was deleted long ago is forgotten, never absent`() throws {
        let database = try Database.open(.cluster, at: fixture.location, lockTimeoutMilliseconds: 60_000)
        try put("1")
        try delete()
        let other = ResourceKey(.virtualService, namespace: "default", name: "b")
        try store.write(.test) { writer in
            try writer.put(other, body: bytes("1"), tokens: [])
            writer.noteHostChange("b.default", summary: "put", objects: [other])
        }
        try database.write { () throws -> (Void, Database.Ending) in
            var limits = StoreWriter.Limits()
            limits.pastObjects = 1
            let writer = try StoreWriter(database, note: .test, context: fixture.context, limits: limits)
            for name in ["c", "d"] {
                let key = ResourceKey(.destinationRule, namespace: "default", name: name)
                try writer.put(key, body: bytes("1"), tokens: [])
                try writer.delete(key)
            }
            try writer.finish()
            return ((), .commit)
        }
        #expect(try past(rule, 1) == "forgotten")
        #expect(try past(rule, 4) == "absent")
        #expect(try past(other, 1) == "absent")
        #expect(try store.read { try $0.history(host: "a.default") }.isEmpty)
        #expect(try store.read { try $0.history(host: "b.default") }.count == 1)
        try put("again")
        #expect(try past(rule, 1) == "forgotten")
    }

    @Test func `a random past is told as it was`() throws {
        var random = SeededGenerator(seed: 27)
        var states: [[ResourceKey: String]] = [[:]]
        let keys = (0..<4).map { ResourceKey(.virtualService, namespace: "default", name: "k\($0)") }
        for step in 0..<150 {
            var state = states[states.count - 1]
            let change = try store.write(.test) { writer in
                for key in keys where Bool.random(using: &random) {
                    switch Int.random(in: 0..<4, using: &random) {
                    case 0:
                        try writer.delete(key)
                        state[key] = nil
                    case 1:
                        // Several times in one transaction.
                        try writer.delete(key)
                        try writer.put(key, body: bytes("x\(step)"), tokens: [])
                        state[key] = "x\(step)"
                    default:
                        try writer.put(key, body: bytes("\(step)"), tokens: [])
                        state[key] = "\(step)"
                    }
                }
            }
            if change.revision != nil { states.append(state) }
        }
        for (revision, state) in states.enumerated().suffix(90) {
            for key in keys { #expect(try past(key, Int64(revision)) == state[key] ?? "absent") }
        }
    }

    @Test func `a store of the first format is brought up to date with its past`() throws {
        let old = DatabaseFormat(
            name: "cluster.db",
            lockName: "lock",
            applicationID: DatabaseFormat.cluster.applicationID,
            migrations: [DatabaseFormat.cluster.migrations[0]],
            synchronous: "FULL"
        )
        let location = StoreLocation(fixture.scratch.path("old"))
        try location.makeDirectory()
        do {
            let database = try Database.open(old, at: location, lockTimeoutMilliseconds: 60_000)
            let columns = "uid, revision, created_revision, generation, created_at, route_revisions, body"
            try database.run(
                """
                INSERT INTO objects (kind, namespace, name, \(columns)) \
                VALUES ('VirtualService', 'default', 'a', 'u', 5, 4, 1, 0, '5', 'now')
                """
            )
            for (end, start, made, body) in [(2, 1, 1, "first"), (5, 4, 4, "second")] {
                try database.run(
                    """
                    INSERT INTO past_objects (kind, namespace, name, replaced_revision, replaced_at, actor, \(columns)) \
                    VALUES ('VirtualService', 'default', 'a', ?, 0, 'ada', 'u', ?, ?, 1, 0, '', ?)
                    """,
                    [.integer(Int64(end)), .integer(Int64(start)), .integer(Int64(made)), .text(body)]
                )
            }
            try database.run("UPDATE store SET revision = 5")
        }
        let store = try ClusterStore.open(at: location, context: fixture.context)
        let known = try store.read { reader in
            try (0...Int64(5)).map { revision in
                switch try reader.object(rule, asOf: revision) {
                case .present(let object): String(decoding: object.body, as: UTF8.self)
                case .absent: "absent"
                case .forgotten: "forgotten"
                }
            }
        }
        #expect(known == ["absent", "first", "absent", "absent", "second", "now"])
    }
}
