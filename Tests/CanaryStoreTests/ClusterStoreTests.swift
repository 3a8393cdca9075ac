// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryStore
import Glibc
import Testing

@Suite struct ClusterStoreTests {
    let fixture: StoreFixture

    init() throws {
        fixture = try StoreFixture()
    }

    @Test func `a store that is not there is no store, and looking makes nothing`() throws {
        #expect(try fixture.openExisting() == nil)
        #expect(access(fixture.location.directory, F_OK) != 0)
    }

    @Test func `directory and files are for their owner only`() throws {
        let store = try fixture.open()
        try store.write(.test) { try $0.put(service("a"), body: bytes("{}"), tokens: []) }
        func mode(_ path: String) -> mode_t {
            var status = stat()
            return stat(path, &status) == 0 ? status.st_mode & 0o777 : 0
        }
        #expect(mode(fixture.location.directory) == 0o700)
        for name in ["cluster.db", "cluster.db-wal", "cluster.db-shm", "lock", "changed"] {
            #expect(mode(fixture.path(name)) == 0o600, "\(name)")
        }
    }

    @Test func `a transaction makes one revision however much it changes`() throws {
        let store = try fixture.open()
        let change = try store.write(.test) { writer throws in
            for name in ["a", "b", "c"] {
                #expect(try writer.put(service(name), body: bytes("1"), tokens: []) == .created)
            }
            return "done"
        }
        #expect(change.value == "done")
        #expect(change.revision == 1)
        let metas = try store.read { try $0.objects().map(\.meta) }
        #expect(
            metas
                == Array(
                    repeating: StoredMeta(
                        uid: "uid",
                        revision: 1,
                        createdRevision: 1,
                        generation: 1,
                        createdAt: 1_000
                    ),
                    count: 3
                )
        )
    }

    @Test func `changing nothing makes no revision`() throws {
        let store = try fixture.open()
        try store.write(.test) { try $0.put(service("a"), body: bytes("1"), tokens: ["x"]) }
        let change = try store.write(.test) { writer throws in
            #expect(try writer.put(service("a"), body: bytes("1"), tokens: ["x"]) == .unchanged)
            #expect(try !writer.delete(service("b")))
            writer.noteHostChange("a", summary: "nothing", objects: [service("a")])
        }
        #expect(change.revision == nil)
        try store.read { reader throws in
            #expect(reader.revision == 1)
            #expect(try reader.history(host: "a").isEmpty)
        }
    }

    @Test func `generation counts changes of the spec only`() throws {
        let store = try fixture.open()
        for (body, specChanged) in [("1", true), ("2", true), ("3", false)] {
            try store.write(.test) {
                try $0.put(service("a"), body: bytes(body), tokens: [], specChanged: specChanged)
            }
        }
        let meta = try store.read { try $0.object(service("a"))?.meta }
        #expect(meta?.generation == 2)
        #expect(meta?.revision == 3)
        #expect(meta?.createdRevision == 1)
    }

    @Test func `an error in the middle leaves nothing behind`() throws {
        struct Refused: Error {}
        let store = try fixture.open()
        #expect(throws: Refused.self) {
            try store.write(.test) { writer throws in
                try writer.put(service("a"), body: bytes("1"), tokens: [])
                throw Refused()
            }
        }
        try store.read { reader throws in
            #expect(reader.revision == 0)
            #expect(try reader.count() == 0)
        }
        #expect(try store.write(.test) { try $0.put(service("a"), body: [], tokens: []) }.revision == 1)
    }

    @Test func `a dry run tells the revision and rolls back`() throws {
        let store = try fixture.open()
        let change = try store.write(.test, dryRun: true) {
            try $0.put(service("a"), body: bytes("1"), tokens: [])
        }
        #expect(change.revision == 1)
        #expect(try store.read { $0.revision } == 0)
        #expect(try store.read { try $0.object(service("a")) } == nil)
    }

    @Test func `a reader keeps its revision while a writer commits`() throws {
        let store = try fixture.open()
        try store.write(.test) { try $0.put(service("a"), body: bytes("1"), tokens: []) }
        let reader = try #require(try fixture.openExisting())
        try reader.read { state throws in
            try store.write(.test) { try $0.put(service("a"), body: bytes("2"), tokens: []) }
            #expect(state.revision == 1)
            #expect(try state.text(service("a")) == "1")
        }
        #expect(try reader.read { try $0.text(service("a")) } == "2")
    }

    @Test func `objects are found by token, kind and namespace`() throws {
        let store = try fixture.open()
        let rule = ResourceKey(.virtualService, namespace: "shop", name: "a")
        let space = ResourceKey(.namespace, namespace: "", name: "shop")
        try store.write(.test) { writer throws in
            try writer.put(service("a", in: "shop"), body: bytes("1"), tokens: ["host:a", "label:x"])
            try writer.put(service("b"), body: bytes("1"), tokens: ["label:x"])
            try writer.put(rule, body: bytes("1"), tokens: ["host:a"])
            try writer.put(space, body: bytes("1"), tokens: [])
        }
        try store.read { reader throws in
            #expect(try reader.keys(token: "host:a") == [service("a", in: "shop"), rule])
            #expect(try reader.objects(token: "label:x").map(\.key.name) == ["b", "a"])
            #expect(try reader.objects(token: "host").isEmpty)
            #expect(try reader.keys(kind: .service) == [service("b"), service("a", in: "shop")])
            #expect(try reader.keys(namespace: "shop") == [service("a", in: "shop"), rule])
            #expect(try reader.keys(kind: .namespace) == [space])
            #expect(try reader.count() == 4)
        }
        try store.write(.test) { writer throws in
            try writer.put(service("a", in: "shop"), body: bytes("2"), tokens: ["host:b"])
            try writer.delete(rule)
        }
        try store.read { reader throws in
            #expect(try reader.keys(token: "host:a").isEmpty)
            #expect(try reader.keys(token: "host:b") == [service("a", in: "shop")])
        }
    }

    @Test func `names and bodies are data, whatever is in them`() throws {
        let store = try fixture.open()
        let odd = ResourceKey(.service, namespace: "'; DROP TABLE objects; --", name: "\"?1\u{0}é\n")
        let body: [UInt8] = [0xff, 0xfe, 0, 0x27, 0x22] + Array("é".utf8)
        try store.write(.test) { try $0.put(odd, body: body, tokens: ["'", ""]) }
        try store.read { reader throws in
            #expect(try reader.object(odd)?.body == body)
            #expect(try reader.keys(token: "'") == [odd])
            #expect(try reader.keys(token: "") == [odd])
        }
    }
}
