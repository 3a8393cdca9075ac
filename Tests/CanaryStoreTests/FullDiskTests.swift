// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryStore

@Suite struct FullDiskTests {
    let fixture: StoreFixture

    init() throws {
        fixture = try StoreFixture()
    }

    @Test(arguments: [EIO, ENOSPC, EFBIG, EACCES, EROFS, EMFILE, ENOENT])
    func `whatever the system refuses, there is something to do`(_ number: Int32) {
        #expect(StoreError.system("change", "cluster.db", errno: number).hint?.isEmpty == false)
    }

    /// The smaller one is met while SQLite writes, the other one in between.
    @Test(arguments: [200 << 10, 2 << 20])
    func `a file size limit is a full store, and the last commit stands`(_ most: Int) async throws {
        let directory = fixture.location.directory
        await #expect(processExitsWith: .success) {
            [directory = directory as String, most = UInt(most) as UInt] in
            signal(SIGXFSZ, SIG_IGN)
            var limit = rlimit(rlim_cur: most, rlim_max: most)
            setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
            try fillUp(StoreLocation(directory))
        }
        #expect(try fixture.open().integrityProblem() == nil)
    }

    @Test(.enabled(if: FileSystem.canBeMounted, "file systems cannot be mounted here"))
    func `a full disk is a full store, and a read-only one can still be read`() throws {
        try fixture.location.makeDirectory()
        let disk = try FileSystem(at: fixture.location.directory)
        try fillUp(fixture.location)
        try disk.forbidWriting()
        let revision = try #require(try fixture.openExisting()).read { $0.revision }
        #expect(revision > 0)
        let error = #expect(throws: StoreError.self) {
            try fixture.open().write(.test) { try $0.put(service("a"), body: [], tokens: []) }
        }
        #expect(error?.code == .readOnly)
    }

    @Test(.enabled(if: geteuid() == 0, "only root can become somebody else"))
    func `a directory that may not be written is a matter of permission`() async throws {
        let parent = fixture.scratch.path
        await #expect(processExitsWith: .success) { [parent = parent as String] in
            chown(parent, 65534, 65534)
            chmod(parent, 0o500)
            try #require(seteuid(65534) == 0)
            let error = #expect(throws: StoreError.self) {
                try ClusterStore.open(at: StoreLocation("\(parent)/store"))
            }
            #expect(error?.code == .permission)
            #expect(error?.message == "cannot make the directory \(parent)/store: permission denied")
            let inside = #expect(throws: StoreError.self) { try ClusterStore.open(at: StoreLocation(parent)) }
            #expect(inside?.code == .permission)
            #expect(try ClusterStore.openExisting(at: StoreLocation(parent)) == nil)
        }
    }
}

/// Writes until there is no space left, then checks that everything that was committed is there and can be read.
private func fillUp(_ location: StoreLocation) throws {
    let store = try ClusterStore.open(at: location)
    var failure: StoreError?
    for number in 1...200 where failure == nil {
        do {
            try store.write(.test) { writer in
                let body = [UInt8](repeating: 0x61, count: 50_000)
                try writer.put(service("s\(number)"), body: body, tokens: [])
            }
        } catch let error as StoreError {
            failure = error
        }
    }
    #expect(failure?.code == .full)
    #expect(failure?.hint == "free some space and try again; nothing was changed")
    #expect(try store.integrityProblem() == nil)
    let (revision, count) = try store.read { ($0.revision, try $0.objects().count) }
    #expect(revision > 0)
    #expect(Int64(count) == revision)
    // Deleting needs some space too, but what is refused must not break anything.
    _ = try? store.write(.test) { try $0.delete(service("s1")) }
    #expect(try store.integrityProblem() == nil)
}
