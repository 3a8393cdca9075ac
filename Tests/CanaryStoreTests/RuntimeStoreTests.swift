// SPDX-License-Identifier: Apache-2.0

import CanaryStore
import CanaryTestSupport
import Glibc
import Synchronization
import Testing

@Suite struct RuntimeStoreTests {
    let fixture: StoreFixture
    let warnings = Warnings()

    init() throws {
        fixture = try StoreFixture()
    }

    private func open() -> RuntimeStore {
        let warnings = warnings
        return RuntimeStore(at: fixture.location, context: fixture.context) { warning in
            warnings.texts.withLock { $0.append(warning) }
        }
    }

    private func proxy(_ id: String, _ process: ProcessIdentity = .current) -> ProxyRecord {
        ProxyRecord(
            id: id,
            process: process,
            startedAt: 500,
            version: "1.0",
            admin: "127.0.0.1:15000",
            listeners: ["127.0.0.1:15001", "127.0.0.1:8080"],
            appliedRevision: 7
        )
    }

    private func count(_ requests: Int64, since: Int64 = 7, to destination: String = "v1") -> TrafficCount {
        TrafficCount(
            host: "a",
            route: "0",
            since: since,
            destination: destination,
            requests: requests,
            errors: 1
        )
    }

    @Test func `without any proxy there is nothing, and looking makes nothing`() throws {
        #expect(try open().liveProxies().isEmpty)
        #expect(try open().counts(host: "a").isEmpty)
        #expect(access(fixture.location.directory, F_OK) != 0)
    }

    @Test func `a proxy is listed as it reports, with the time of its report`() throws {
        try open().report(proxy("p"))
        var expected = proxy("p")
        expected.heartbeat = 1_000
        #expect(try open().liveProxies() == [expected])
        try open().remove(proxy: "p")
        #expect(try open().liveProxies().isEmpty)
    }

    @Test func `counts of all proxies add up and outlive them`() throws {
        let first = open()
        try first.report(proxy("p"), adding: [count(10), count(1, to: "v2")])
        try first.report(proxy("p"), adding: [count(5)])
        try open().report(proxy("q"), adding: [count(100)])
        try open().remove(proxy: "q", adding: [count(1_000)])
        let counts = try open().counts(host: "a")
        #expect(counts.map(\.destination) == ["v1", "v2"])
        #expect(counts.map(\.requests) == [1_115, 1])
        #expect(counts.map(\.errors) == [4, 1])
    }

    @Test func `a proxy that was killed is not listed, and cleaned away`() throws {
        let store = open()
        // The same number, but another process.
        let gone = ProcessIdentity(pid: getpid(), startTicks: 1)
        try store.report(proxy("dead", gone), adding: [count(3)])
        try store.report(proxy("alive"))
        #expect(try store.liveProxies().map(\.id) == ["alive"])
        try store.clean()
        #expect(try store.liveProxies().map(\.id) == ["alive"])
        #expect(try store.counts(host: "a").map(\.requests) == [3])
    }

    @Test func `counts of long gone revisions are cleaned away`() throws {
        let store = open()
        let last = Int64(RuntimeStore.keptRevisions) + 3
        try store.report(proxy("p"), adding: (1...last).map { count(1, since: $0) })
        try store.clean()
        #expect(try store.counts(host: "a").map(\.since) == Array(4...last))
    }

    @Test func `a damaged file is moved aside and made anew`() throws {
        try open().report(proxy("p"), adding: [count(1)])
        let running = open()
        try running.report(proxy("q"))
        unlink(fixture.path("runtime.db-wal"))
        unlink(fixture.path("runtime.db"))
        try fixture.scratch.write(String(repeating: "garbage ", count: 4_000), to: "store/runtime.db")
        #expect(try open().counts(host: "a").isEmpty)
        let path = fixture.path("runtime.db")
        #expect(
            warnings.texts.withLock { $0 } == [
                "cannot read \(path): it is damaged (file is not a database); it is kept as \(path).damaged, "
                    + "and traffic is counted from zero"
            ]
        )
        try running.report(proxy("q"), adding: [count(2)])
        #expect(try open().counts(host: "a").map(\.requests) == [2])
        #expect(try open().liveProxies().map(\.id) == ["q"])
    }

    @Test func `a file that was deleted is made again`() throws {
        let running = open()
        try running.report(proxy("p"), adding: [count(1)])
        for suffix in ["", "-wal", "-shm"] { unlink(fixture.path("runtime.db\(suffix)")) }
        try running.report(proxy("p"), adding: [count(2)])
        #expect(try open().counts(host: "a").map(\.requests) == [2])
        #expect(warnings.texts.withLock { $0 } == [])
    }

    @Test func `reports of many proxies at once all count`() throws {
        let fixture = fixture
        let failures = Mutex<[String]>([])
        let proxies = (0..<8).map { proxy("p\($0)") }
        let one = count(1)
        inThreads(proxies.count) { index in
            do {
                let store = RuntimeStore(at: fixture.location, context: fixture.context) { _ in }
                for _ in 0..<25 { try store.report(proxies[index], adding: [one]) }
            } catch {
                failures.withLock { $0.append("\(error)") }
            }
        }
        #expect(failures.withLock { $0 } == [])
        #expect(try open().counts(host: "a").map(\.requests) == [200])
    }
}

final class Warnings: Sendable {
    let texts = Mutex<[String]>([])
}
