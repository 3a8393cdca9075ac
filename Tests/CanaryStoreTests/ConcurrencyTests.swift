// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CanaryResources
import CanaryStore
import CanaryTestSupport
import Glibc
import Synchronization
import Testing

@Suite struct ConcurrencyTests {
    let fixture: StoreFixture

    init() throws {
        fixture = try StoreFixture()
    }

    @Test func `fifty writers at once lose nothing`() throws {
        let fixture = fixture
        let failures = Mutex<[String]>([])
        inThreads(50) { _ in
            do {
                // Each makes or opens the store itself, as a shell would.
                for _ in 0..<4 { try increment(try fixture.open(), service("counter")) }
            } catch {
                failures.withLock { $0.append("\(error)") }
            }
        }
        #expect(failures.withLock { $0 } == [])
        let store = try fixture.open()
        #expect(try store.read { try $0.text(service("counter")) } == "200")
        #expect(try store.read { $0.revision } == 200)
        #expect(try store.integrityProblem() == nil)
    }

    @Test func `processes that write at once lose nothing`() async throws {
        let directory = fixture.location.directory
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    await #expect(processExitsWith: .success) { [directory = directory as String] in
                        let store = try ClusterStore.open(at: StoreLocation(directory))
                        for _ in 0..<50 { try increment(store, service("counter")) }
                    }
                }
            }
            try await group.waitForAll()
        }
        let store = try fixture.open()
        #expect(try store.read { try $0.text(service("counter")) } == "200")
        #expect(try store.integrityProblem() == nil)
    }

    @Test func `kill -9 at any instant leaves the last commit`() async throws {
        let directory = fixture.location.directory
        for round in 0..<8 {
            await #expect(processExitsWith: .signal(SIGKILL)) {
                [directory = directory as String, round = round as Int] in
                try commitUntilKilled(in: directory, afterMicroseconds: UInt32(round * 9_000))
            }
            let store = try fixture.open()
            #expect(try store.integrityProblem() == nil)
            let (revision, values) = try store.read { reader in
                (reader.revision, Set(try reader.objects().map { $0.body.count }))
            }
            // Killed between its commit and its note of it, the process had one more than it noted.
            let acknowledged = acknowledgedRevision(in: directory)
            #expect([acknowledged, acknowledged + 1].contains(revision))
            acknowledge(revision, in: directory)
            #expect(values == (revision == 0 ? [] : [20_000 + Int(revision)]))
        }
    }

    @Test func `who waits too long for its turn is told who is at work`() throws {
        var context = fixture.context
        context.lockTimeoutMilliseconds = 0
        let store = try ClusterStore.open(at: fixture.location, context: context)
        let other = try fixture.open()
        let error = #expect(throws: StoreError.self) {
            try other.write(.test) { _ in
                try store.write(.test) { try $0.put(service("a"), body: [], tokens: []) }
            }
        }
        #expect(error?.isTransient == true)
        #expect(
            error?.message
                == "cannot change \(fixture.path("cluster.db")): process \(getpid()) is changing it"
        )
    }

    @Test func `the log stays short while a store is written again and again`() throws {
        let store = try fixture.open()
        for number in 0..<60 {
            try store.write(.test) {
                try $0.put(service("a"), body: Array(repeating: UInt8(number), count: 200_000), tokens: [])
            }
        }
        var status = stat()
        #expect(stat(fixture.path("cluster.db-wal"), &status) == 0)
        #expect(status.st_size < 2_000_000)
    }

    @Test func `closing the last connection does not checkpoint`() throws {
        try fixture.open().write(.test) { try $0.put(service("a"), body: [], tokens: []) }
        var status = stat()
        #expect(stat(fixture.path("cluster.db-wal"), &status) == 0)
        #expect(status.st_size > 0)
    }
}

/// A read-modify-write of one object.
private func increment(_ store: ClusterStore, _ key: ResourceKey) throws {
    try store.write(.test) { writer in
        let number = try writer.text(key).flatMap { Int($0) } ?? 0
        try writer.put(key, body: bytes("\(number + 1)"), tokens: ["n:\(number)"])
    }
}

/// Changes twenty objects in each transaction; their size tells the revision. Enough bytes to checkpoint now and then.
private func commitUntilKilled(in directory: String, afterMicroseconds delay: UInt32) throws {
    let killer = Killer(delay)
    let store = try ClusterStore.open(at: StoreLocation(directory))
    killer.start()
    while true {
        let revision = try store.write(.test) { writer in
            let body = [UInt8](repeating: 0x61, count: 20_001 + Int(writer.revision))
            for index in 0..<20 {
                try writer.put(service("s\(index)"), body: body, tokens: ["size:\(body.count)"])
            }
        }.revision
        acknowledge(revision ?? 0, in: directory)
    }
}

private func acknowledge(_ revision: Int64, in directory: String) {
    let file = open("\(directory).acknowledged", O_WRONLY | O_CREAT, 0o600)
    defer { close(file) }
    var number = revision
    pwrite(file, &number, 8, 0)
}

private func acknowledgedRevision(in directory: String) -> Int64 {
    let file = open("\(directory).acknowledged", O_RDONLY)
    defer { close(file) }
    var number: Int64 = 0
    pread(file, &number, 8, 0)
    return number
}

/// Kills the process from another thread, so that it hits the main one anywhere.
private struct Killer {
    let delay: UInt32

    init(_ delay: UInt32) {
        self.delay = delay
    }

    func start() {
        let delay = delay
        Thread(name: "killer") {
            usleep(UInt32(delay) + 1)
            kill(getpid(), SIGKILL)
        }?.detach()
    }
}
