// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import Testing

@testable import CanaryStore

@Suite struct HistoryTests {
    let store: ClusterStore
    let fixture: StoreFixture
    let rule = ResourceKey(.virtualService, namespace: "default", name: "a")

    init() throws {
        fixture = try StoreFixture()
        store = try fixture.open()
    }

    private func set(_ body: String) throws {
        try store.write(.test) { writer in
            try writer.put(rule, body: bytes(body), tokens: [])
            writer.noteHostChange("a.default", summary: "set to \(body)", objects: [rule])
        }
    }

    private func past(_ key: ResourceKey, _ revision: Int64) throws -> String {
        switch try store.read({ try $0.object(key, asOf: revision) }) {
        case .present(let object): String(decoding: object.body, as: UTF8.self)
        case .absent: "absent"
        case .forgotten: "forgotten"
        }
    }

    @Test func `changes of a host come newest first, with who, when, why and what`() throws {
        try set("1")
        try set("2")
        let changes = try store.read { try $0.history(host: "a.default") }
        #expect(changes.map(\.revision) == [2, 1])
        #expect(
            changes.first
                == HostChange(
                    host: "a.default",
                    revision: 2,
                    at: 1_000,
                    actor: "ada",
                    reason: "why not",
                    summary: "set to 2",
                    objects: [rule]
                )
        )
        #expect(try store.read { try $0.history(host: "a.default", limit: 1) }.count == 1)
        #expect(try store.read { try $0.history(host: "b.default") }.isEmpty)
    }

    @Test func `an object is known as it was at any revision`() throws {
        try set("1")
        try set("2")
        try store.write(.test) { try $0.delete(rule) }
        try set("4")
        #expect(try (0...4).map { try past(rule, $0) } == ["absent", "1", "2", "absent", "4"])
    }

    @Test func `what a transaction wrote and replaced itself was never a state`() throws {
        try set("1")
        try store.write(.test) { writer in
            try writer.put(rule, body: bytes("x"), tokens: [])
            try writer.delete(rule)
            try writer.put(rule, body: bytes("y"), tokens: [])
        }
        #expect(try (0...2).map { try past(rule, $0) } == ["absent", "1", "y"])
        #expect(try store.read { try $0.changes(after: 1) }.deleted.isEmpty)
    }

    @Test func `the past of a Secret is not kept`() throws {
        let secret = ResourceKey(.secret, namespace: "default", name: "s")
        for body in ["hunter2", "hunter3"] {
            try store.write(.test) { try $0.put(secret, body: bytes(body), tokens: []) }
        }
        #expect(try past(secret, 1) == "forgotten")
    }

    @Test func `only the last changes of an object and of a host are kept`() throws {
        let last = Int64(StoreWriter.keptChanges + 5)
        for number in 1...last { try set("\(number)") }
        #expect(try store.read { try $0.history(host: "a.default") }.map(\.revision) == (6...last).reversed())
        #expect(try past(rule, last - 100) == "\(last - 100)")
        #expect(try past(rule, 1) == "forgotten")
    }

    @Test func `changes after a revision are the changed objects and the deleted keys`() throws {
        for name in ["a", "b", "c"] {
            try store.write(.test) { try $0.put(service(name), body: bytes("1"), tokens: []) }
        }
        try store.write(.test) { try $0.delete(service("a")) }
        let changes = try store.read { try $0.changes(after: 2) }
        #expect(!changes.isComplete)
        #expect(changes.revision == 4)
        #expect(changes.changed.map(\.key.name) == ["c"])
        #expect(changes.deleted == [service("a")])
        for unknown: Int64 in [0, 5] {
            let all = try store.read { try $0.changes(after: unknown) }
            #expect(all.isComplete)
            #expect(all.changed.map(\.key.name) == ["b", "c"])
        }
    }

    @Test func `an object that was made again is no deletion`() throws {
        try set("1")
        try store.write(.test) { try $0.delete(rule) }
        try set("2")
        let changes = try store.read { try $0.changes(after: 1) }
        #expect(changes.deleted.isEmpty)
        #expect(changes.changed.map(\.key) == [rule])
    }

    @Test func `who is behind what the store remembers of deletions gets everything`() throws {
        let database = try Database.open(.cluster, at: fixture.location, lockTimeoutMilliseconds: 60_000)
        func change(_ body: (StoreWriter) throws -> Void) throws {
            try database.write { () throws -> (Void, Database.Ending) in
                let writer = try StoreWriter(
                    database,
                    note: .test,
                    context: fixture.context,
                    limits: StoreWriter.Limits(deletions: 1)
                )
                try body(writer)
                try writer.finish()
                return ((), .commit)
            }
        }
        let names = ["a", "b", "c"]
        try change { writer in
            for name in names { try writer.put(service(name), body: bytes(name), tokens: []) }
        }
        for name in names {
            try change { try $0.delete(service(name)) }
        }
        #expect(try store.read { try $0.changes(after: 1) }.isComplete)
        let changes = try store.read { try $0.changes(after: 3) }
        #expect(!changes.isComplete)
        #expect(changes.deleted == [service("c")])
    }
}
