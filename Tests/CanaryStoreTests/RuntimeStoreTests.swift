// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CanaryResources
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
        try fixture.location.makeDirectory()
    }

    private func open() -> RuntimeStore {
        let warnings = warnings
        return RuntimeStore(at: fixture.location, context: fixture.context) { warning in
            warnings.texts.withLock { $0.append(warning) }
        }
    }

    private func open(at clock: TestClock) -> RuntimeStore {
        let context = StoreContext(now: { clock.now.withLock(\.self) }, newUID: { "uid" })
        return RuntimeStore(at: fixture.location, context: context) { _ in }
    }

    private func proxy(_ id: String, _ process: ProcessIdentity = .current) -> ProxyRecord {
        ProxyRecord(
            id: id,
            process: process,
            startedAt: 500,
            version: "1.0",
            admin: "127.0.0.1:15000",
            listeners: ["127.0.0.1:15001", "127.0.0.1:8080"],
            appliedRevision: 7,
            appliedCommit: "c7",
            staleSince: 600,
            problems: ["cannot listen on 127.0.0.1:80: permission denied", "cannot read the store"],
            failing: [
                .init(host: "a.shop.svc.cluster.local", address: "10.0.0.1:80", reason: "status 500"),
                .init(host: "b", address: "[::1]:80", reason: ""),
            ],
            clientNamespace: "shop",
            clientLabels: ["app": "web", "empty": ""]
        )
    }

    private func key(_ destination: String = "v1", commit: String = "c7", store: String = "s") -> EvidenceKey
    {
        EvidenceKey(
            store: store,
            host: "a",
            owner: "uid",
            route: "name:x",
            destination: destination,
            epoch: RouteEpoch(revision: 7, commit: commit)
        )
    }

    private func record(_ assigned: UInt64, _ key: EvidenceKey? = nil, part: Int64 = 1) -> EvidenceRecord {
        var evidence = RouteEvidence()
        evidence.assigned = assigned
        for _ in 0..<assigned % 10 { evidence.completed.add(.init(status: 500), nanoseconds: 1_000_000) }
        return EvidenceRecord(key: key ?? self.key(), part: part, evidence: evidence)
    }

    private func assigned(_ key: EvidenceKey? = nil) throws -> UInt64? {
        try open().evidence(store: "s", host: "a")[key ?? self.key()]?.assigned
    }

    @Test func podsToEndAreTakenOnceAndByTheNodeTheyWereMeantFor() throws {
        let key = ResourceKey(.pod, namespace: "shop", name: "web-1")
        let first = PodDeletion(key, uid: "u", gracePeriod: nil)
        let second = PodDeletion(key, uid: "u", gracePeriod: .milliseconds(1500))
        #expect(try open().takeDeletions().isEmpty)
        try open().order([first])
        #expect(try open().takeDeletions() == [first])
        #expect(try open().takeDeletions().isEmpty)
        // Who wants it sooner is heard.
        try open().order([first])
        try open().order([second])
        #expect(try open().takeDeletions() == [second])
        try open().order([first])
        let node = NodeRecord(id: "n", process: .current, startedAt: 1, version: "1.0")
        try open().report(node, pods: [])
        #expect(try open().takeDeletions().isEmpty)
    }

    @Test func `without any proxy there is nothing, and looking makes nothing`() throws {
        #expect(rmdir(fixture.location.directory) == 0)
        #expect(try open().liveProxies().isEmpty)
        #expect(try open().evidence(store: "s", host: "a").isEmpty)
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
        #expect(try !first.report(proxy("p"), writing: [record(13), record(1, key("v2"))]))
        #expect(try first.report(proxy("p"), writing: [record(15)]))
        try open().report(proxy("q"), writing: [record(100)])
        try open().remove(proxy: "q", writing: [record(1_104)])
        let sums = try open().evidence(store: "s", host: "a")
        #expect(Set(sums.keys) == [key(), key("v2")])
        #expect(sums[key()]?.assigned == 1_119 && sums[key("v2")]?.assigned == 1)
        #expect(sums[key()]?.completed.answers == [.init(status: 500): 9])
    }

    @Test func `writing the same again changes nothing`() throws {
        let store = open()
        for _ in 0..<3 {
            try store.report(proxy("p"), writing: [record(8), record(5, part: 2)], settling: [1])
        }
        #expect(try assigned() == 29)
        for _ in 0..<3 { try store.report(proxy("p"), writing: [record(6, part: 2)], settling: [1]) }
        #expect(try assigned() == 30)
        try store.remove(proxy: "p", writing: [record(6, part: 2)])
        #expect(try assigned() == 30)
        try store.remove(proxy: "p")
        #expect(try assigned() == 30)
    }

    @Test func `epochs, and stores, have counts of their own`() throws {
        let other = key(store: "other")
        try open().report(proxy("p"), writing: [record(3), record(4, key(commit: "c8")), record(5, other)])
        #expect(
            try open().evidence(store: "s", host: "a").mapValues(\.assigned) == [
                key(): 3, key(commit: "c8"): 4,
            ]
        )
        #expect(try open().evidence(store: "other", host: "a").mapValues(\.assigned) == [other: 5])
        #expect(try open().evidence(store: "s", host: "b").isEmpty)
    }

    @Test func `a proxy that was killed is not listed, and its counts are added up`() throws {
        let clock = TestClock()
        let store = open(at: clock)
        // The same number, but another process.
        let gone = ProcessIdentity(pid: getpid(), startTicks: 1)
        try store.report(proxy("dead", gone), writing: [record(3)])
        try store.report(proxy("alive"), writing: [record(2)])
        #expect(try store.liveProxies().map(\.id) == ["alive"])
        // It may run where its process cannot be seen.
        try store.clean()
        #expect(try assigned() == 5)
        try store.report(proxy("dead", gone), writing: [record(4)])
        #expect(try assigned() == 6)
        clock.now.withLock { $0 = 1_000 + RuntimeStore.silence }
        try store.clean()
        #expect(try assigned() == 6)
        try store.report(proxy("dead", gone), writing: [record(1, part: 9)])
        #expect(try assigned() == 7)
    }

    @Test func `what no proxy serves any more is forgotten after a month`() throws {
        let clock = TestClock()
        let store = open(at: clock)
        try store.report(proxy("p"), writing: [record(3), record(4, key("old", commit: "c1"))])
        clock.now.withLock { $0 = RuntimeStore.keptMilliseconds }
        try store.renew([key(), key("never counted")])
        try store.clean()
        #expect(try assigned(key("old", commit: "c1")) == 4)
        clock.now.withLock { $0 = RuntimeStore.keptMilliseconds + 1_001 }
        try store.clean()
        #expect(try open().evidence(store: "s", host: "a").mapValues(\.assigned) == [key(): 3])
    }

    @Test func `a damaged file is moved aside and made anew`() throws {
        try open().report(proxy("p"), writing: [record(1)])
        let running = open()
        try running.report(proxy("q"))
        unlink(fixture.path("runtime.db-wal"))
        unlink(fixture.path("runtime.db"))
        try fixture.scratch.write(String(repeating: "garbage ", count: 4_000), to: "store/runtime.db")
        #expect(try open().evidence(store: "s", host: "a").isEmpty)
        let path = fixture.path("runtime.db")
        #expect(
            warnings.texts.withLock { $0 } == [
                "cannot read \(path): it is damaged (file is not a database); it is kept as \(path).damaged, "
                    + "and traffic is counted from zero"
            ]
        )
        try running.report(proxy("q"), writing: [record(2)])
        #expect(try assigned() == 2)
        #expect(try open().liveProxies().map(\.id) == ["q"])
    }

    @Test func `a file that was deleted is made again`() throws {
        let running = open()
        try running.report(proxy("p"), writing: [record(1)])
        for suffix in ["", "-wal", "-shm"] { unlink(fixture.path("runtime.db\(suffix)")) }
        try running.report(proxy("p"), writing: [record(2)])
        #expect(try assigned() == 2)
        #expect(warnings.texts.withLock { $0 } == [])
    }

    @Test func `of a store that was moved away nothing is made, so that it can come back`() throws {
        let running = open()
        let elsewhere = fixture.scratch.path("elsewhere")
        for round: UInt64 in 1...2 {
            try running.report(proxy("p"), writing: [record(round)])
            #expect(rename(fixture.location.directory, elsewhere) == 0)
            for report in [
                { try _ = running.report(self.proxy("p")) }, { try self.open().report(self.proxy("q")) },
                { try running.renew([self.key()]) }, { try running.clean() },
                { try running.remove(proxy: "p") },
            ] as [() throws -> Void] {
                #expect { try report() } throws: { ($0 as? StoreError)?.code == .absent }
            }
            #expect(rename(elsewhere, fixture.location.directory) == 0)
            #expect(try running.report(proxy("p"), writing: [record(round + 3)]))
            #expect(try assigned() == round + 3)
        }
        #expect(warnings.texts.withLock { $0 } == [])
    }

    @Test func `reports of many proxies at once all count`() throws {
        let fixture = fixture
        let failures = Mutex<[String]>([])
        let proxies = (0..<8).map { proxy("p\($0)") }
        let records = (1...25).map { record(UInt64($0)) }
        inThreads(proxies.count) { index in
            do {
                let store = RuntimeStore(at: fixture.location, context: fixture.context) { _ in }
                for record in records { try store.report(proxies[index], writing: [record]) }
            } catch {
                failures.withLock { $0.append("\(error)") }
            }
        }
        #expect(failures.withLock { $0 } == [])
        #expect(try assigned() == 200)
    }
}

private final class TestClock: Sendable {
    let now = Mutex<Int64>(1_000)
}

final class Warnings: Sendable {
    let texts = Mutex<[String]>([])
}
