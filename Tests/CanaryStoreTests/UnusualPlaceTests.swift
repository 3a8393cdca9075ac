// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryStore

/// Places where a store cannot be, or cannot be changed: each says why, and nothing hangs.
@Suite struct UnusualPlaceTests {
    let fixture: StoreFixture

    init() throws {
        fixture = try StoreFixture()
    }

    @Test(arguments: ["changed", "lock"]) func `a pipe is none of the store's files`(_ name: String) throws {
        _ = try fixture.open()
        unlink(fixture.path(name))
        #expect(mkfifo(fixture.path(name), 0o600) == 0)
        let error = #expect(throws: StoreError.self) {
            try fixture.open().write(.test) { try $0.put(service("a"), body: [], tokens: []) }
        }
        #expect(error?.code == .foreign)
        #expect(error?.message.contains(fixture.path(name)) == true)
    }

    @Test func `a path that SQLite cannot take is too long`() throws {
        let part = String(repeating: "d", count: 200)
        let location = StoreLocation(fixture.scratch.path("\(part)/\(part)/\(part)"))
        let error = #expect(throws: StoreError.self) { try ClusterStore.open(at: location) }
        #expect(error?.message.contains("the path is too long") == true)
        #expect(throws: StoreError.self) { try ClusterStore.openExisting(at: location) }
    }

    /// The longest place that is not refused works.
    @Test func `a path that is just short enough is a place for a store`() throws {
        var path = fixture.scratch.path
        while path.utf8.count < 480 {
            let count = min(200, 480 - path.utf8.count - 1)
            guard count > 0 else { break }
            path += "/" + String(repeating: "d", count: count)
        }
        let store = try ClusterStore.open(at: StoreLocation(path), context: fixture.context)
        #expect(try store.write(.test) { try $0.put(service("a"), body: [], tokens: []) }.revision == 1)
        #expect(try ClusterStore.openExisting(at: StoreLocation(path))?.read { $0.revision } == 1)
    }

    @Test func `a store is made whole or not at all, and leaves nothing else`() throws {
        try fixture.location.makeDirectory()
        for name in ["cluster.db.new", "cluster.db.new-journal", "cluster.db-wal", "cluster.db-journal"] {
            try fixture.scratch.write("left by somebody who was killed", to: "store/\(name)")
        }
        let store = try fixture.open()
        try store.write(.test) { try $0.put(service("a"), body: bytes("1"), tokens: []) }
        for name in ["cluster.db.new", "cluster.db.new-journal", "cluster.db.new-wal", "cluster.db-journal"] {
            #expect(access(fixture.path(name), F_OK) != 0, "\(name)")
        }
        #expect(try fixture.openExisting()?.read { try $0.text(service("a")) } == "1")
    }

    @Test(.enabled(if: FileSystem.canBeMounted, "file systems cannot be mounted here"))
    func `a copy without its index at a read-only place says what is missing`() throws {
        let store = try fixture.open()
        try store.write(.test) { try $0.put(service("a"), body: bytes("1"), tokens: []) }
        let place = fixture.scratch.path("copy")
        #expect(mkdir(place, 0o700) == 0)
        let disk = try FileSystem(at: place)
        for name in ["cluster.db", "cluster.db-wal"] {
            let source = open(fixture.path(name), O_RDONLY | O_CLOEXEC)
            let target = open("\(place)/\(name)", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
            while sendfile(target, source, nil, 1 << 20) > 0 {}
            close(source)
            close(target)
        }
        try disk.forbidWriting()
        let error = #expect(throws: StoreError.self) {
            try ClusterStore.openExisting(at: StoreLocation(place))
        }
        #expect(error?.code == .readOnly)
        #expect(error?.message.hasSuffix("cluster.db-shm is missing and cannot be made there") == true)
    }
}
