// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryStore

@Suite struct BrokenStoreTests {
    let fixture: StoreFixture
    var database: String { fixture.path("cluster.db") }

    init() throws {
        fixture = try StoreFixture()
    }

    /// A store with some content, all of it in `cluster.db` itself.
    private func fill() throws {
        let store = try fixture.open()
        try store.write(.test) { writer in
            for index in 0..<2_000 {
                let body = [UInt8](repeating: 0x61, count: 700)
                try writer.put(service("s\(index)"), body: body, tokens: ["t:\(index % 10)"])
            }
        }
    }

    private func code(_ body: () throws -> Void) -> StoreError.Code? {
        do {
            try body()
            return nil
        } catch {
            return (error as? StoreError)?.code
        }
    }

    private func overwrite(_ bytes: [UInt8], at offset: Int) {
        let file = Glibc.open(database, O_WRONLY)
        pwrite(file, bytes, bytes.count, off_t(offset))
        close(file)
    }

    @Test func `a file of garbage is damaged`() throws {
        try fill()
        try fixture.scratch.write(String(repeating: "garbage ", count: 4_000), to: "store/cluster.db")
        #expect(code { _ = try fixture.openExisting() } == .corrupt)
        #expect(code { _ = try fixture.open() } == .corrupt)
    }

    @Test func `a truncated file is damaged`() throws {
        try fill()
        truncate(database, 40_000)
        #expect(code { _ = try fixture.open().read { try $0.objects() } } == .corrupt)
    }

    @Test func `flipped bits are an error or content, never a crash`() throws {
        try fill()
        var generator = SystemRandomNumberGenerator()
        var status = stat()
        stat(database, &status)
        for _ in 0..<60 {
            let noise = (0..<16).map { _ in UInt8.random(in: 0...255, using: &generator) }
            overwrite(noise, at: Int.random(in: 100..<Int(status.st_size) - 16, using: &generator))
            let failure = code {
                let store = try fixture.open()
                try store.read { reader throws in
                    _ = try reader.objects()
                    _ = try reader.keys(token: "t:3")
                    _ = try reader.changes(after: 1)
                }
                try store.write(.test) { try $0.put(service("s7"), body: bytes("x"), tokens: []) }
            }
            #expect(failure == nil || failure == .corrupt)
        }
    }

    @Test func `an empty file becomes a store`() throws {
        try fixture.location.makeDirectory()
        try fixture.scratch.write("", to: "store/cluster.db")
        #expect(try fixture.openExisting() == nil)
        #expect(try fixture.open().read { $0.revision } == 0)
    }

    @Test func `a database of another program is left alone`() throws {
        try fixture.location.makeDirectory()
        try fixture.scratch.write("", to: "store/cluster.db")
        let foreign = try Connection(path: database, access: .readWrite, busyTimeoutMilliseconds: 0)
        try foreign.execute("CREATE TABLE theirs (a); PRAGMA application_id = 7")
        #expect(code { _ = try fixture.open() } == .foreign)
        #expect(code { _ = try fixture.openExisting() } == .foreign)
    }

    @Test func `a store of a newer canaryctl is refused`() throws {
        try fill()
        let connection = try Connection(path: database, access: .readWrite, busyTimeoutMilliseconds: 0)
        try connection.execute("PRAGMA user_version = 9")
        #expect(code { _ = try fixture.open() } == .newerSchema)
        #expect(code { _ = try fixture.openExisting() } == .newerSchema)
    }

    @Test func `an older store is brought up to date, also by a reader`() throws {
        try fill()
        var next = DatabaseFormat.cluster
        next.migrations.append("ALTER TABLE store ADD COLUMN note TEXT DEFAULT 'new'")
        let opened = try Database.openExisting(next, at: fixture.location, lockTimeoutMilliseconds: 60_000)
        let upgraded = try #require(opened)
        #expect(try upgraded.first("SELECT note FROM store", []) { $0.text(0) } == "new")
        #expect(try upgraded.first("SELECT revision FROM store", []) { $0.integer(0) } == 1)
        #expect(code { _ = try fixture.openExisting() } == .newerSchema)
    }

    @Test func `a migration that stops in the middle changes nothing`() throws {
        try fill()
        var next = DatabaseFormat.cluster
        next.migrations.append("ALTER TABLE store ADD COLUMN note TEXT; SELECT * FROM nothing")
        #expect(throws: StoreError.self) {
            try Database.open(next, at: fixture.location, lockTimeoutMilliseconds: 60_000)
        }
        #expect(try fixture.open().read { try $0.count() } == 2_000)
    }

    @Test func `a file where the directory should be is refused`() throws {
        try fixture.scratch.write("mine", to: "store")
        #expect(code { _ = try fixture.open() } == .foreign)
        #expect(code { _ = try fixture.openExisting() } == .foreign)
    }

    @Test func `a link to a directory is followed, a link for the database is not`() throws {
        let real = StoreLocation(fixture.scratch.path("real"))
        try ClusterStore.open(at: real).write(.test) { try $0.put(service("a"), body: [], tokens: []) }
        symlink(real.directory, fixture.location.directory)
        #expect(try fixture.open().read { $0.revision } == 1)
        unlink(fixture.location.directory)
        try fixture.location.makeDirectory()
        symlink(real.path(of: "cluster.db"), database)
        #expect(code { _ = try fixture.open() } == .foreign)
    }

    @Test func `a store that was deleted or replaced under a writer is not written to`() throws {
        let store = try fixture.open()
        rename(fixture.location.directory, fixture.scratch.path("old"))
        let put = { (writer: StoreWriter) in _ = try writer.put(service("a"), body: [], tokens: []) }
        #expect(code { try store.write(.test, put) } == .replaced)
        _ = try fixture.open()
        #expect(code { try store.write(.test, put) } == .replaced)
        #expect(try fixture.open().read { $0.revision } == 0)
    }

    @Test(.enabled(if: geteuid() == 0, "only root can give a directory away"))
    func `the directory of another user is refused`() throws {
        try fill()
        chown(fixture.location.directory, 65534, 65534)
        let error = #expect(throws: StoreError.self) { try fixture.open() }
        #expect(error?.code == .permission)
        #expect(
            error?.message.hasSuffix("the directory belongs to user nobody, and this is user root") == true
        )
        #expect(code { _ = try fixture.openExisting() } == .permission)
    }
}
