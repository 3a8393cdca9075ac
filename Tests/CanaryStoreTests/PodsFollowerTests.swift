// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanarySystem
import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryStore

/// What a node tells proxies in other processes, and they tell it.
@Suite struct PodsFollowerTests {
    let fixture: StoreFixture

    init() throws {
        fixture = try StoreFixture()
        try fixture.location.makeDirectory()
    }

    private func open() -> RuntimeStore {
        RuntimeStore(at: fixture.location, context: fixture.context) { _ in }
    }

    private func pod(_ name: String, version: Int64 = 1) -> Resource {
        Resource(
            key: ResourceKey(.pod, namespace: "default", name: name),
            body: .mapping(["kind": .string("Pod")]),
            stored: StoredMeta(
                uid: "uid-\(name)",
                revision: version,
                createdRevision: 0,
                generation: 1,
                createdAt: 0
            )
        )
    }

    private func node(_ id: String, _ process: ProcessIdentity = .current) -> NodeRecord {
        NodeRecord(id: id, process: process, startedAt: 1, version: "1")
    }

    private func proxy(_ id: String, _ process: ProcessIdentity) -> ProxyRecord {
        ProxyRecord(id: id, process: process, startedAt: 1, version: "1", admin: nil, listeners: [])
    }

    @Test func `each look tells what changed since the one before`() throws {
        let runtime = open()
        let stop = EventDescriptor()
        let follower = PodsFollower(at: fixture.location, stop: stop)
        #expect(follower.look() == nil)
        try runtime.report(node("n"), pods: [pod("a"), pod("b")], version: 3)
        let first = try #require(follower.look())
        #expect(first.point == PodsPoint(node: "n", version: 3) && first.removed.isEmpty)
        #expect(first.changed.map(\.name) == ["a", "b"])
        #expect(follower.look() == nil)
        _ = try runtime.change(
            podsOf: "n",
            changed: [pod("b", version: 2), pod("c")],
            removed: [pod("a").key],
            version: 4
        )
        // The node's touch wakes it.
        #expect(follower.wait())
        let second = try #require(follower.look())
        #expect(second.changed.map(\.name) == ["b", "c"] && second.removed.map(\.name) == ["a"])
        try runtime.remove(node: "n")
        let last = try #require(follower.look())
        #expect(last.point == nil && last.changed.isEmpty && Set(last.removed.map(\.name)) == ["b", "c"])
        stop.signal()
        #expect(!follower.wait())
    }

    @Test func `pods of a node that was killed are gone, and a file that is gone says nothing`() throws {
        let runtime = open()
        let follower = PodsFollower(at: fixture.location, stop: EventDescriptor())
        try runtime.report(node("n"), pods: [pod("a")], version: 1)
        #expect(follower.look()?.changed.count == 1)
        for name in ["runtime.db", "runtime.db-wal", "runtime.db-shm"] { unlink(fixture.path(name)) }
        #expect(follower.look() == nil)
        try open().report(
            node("n", ProcessIdentity(pid: getpid(), startTicks: 1)),
            pods: [pod("a")],
            version: 2
        )
        let change = follower.look()
        #expect(change?.point == nil && change?.removed.count == 1)
    }

    @Test func `a node knows how far all other proxies have come`() throws {
        let runtime = open()
        let other = try #require(ProcessIdentity(of: getppid()))
        try runtime.report(node("n"), pods: [], version: 1)
        #expect(try runtime.podsServed(ofNode: "n", besides: getpid()) == nil)
        try runtime.report(proxy("own", .current))
        #expect(try runtime.podsServed(ofNode: "n", besides: getpid()) == nil)
        try runtime.report(proxy("p", other))
        #expect(try runtime.podsServed(ofNode: "n", besides: getpid()) == -1)
        try runtime.note(PodsPoint(node: "n", version: 5), servedBy: "p")
        #expect(try runtime.podsServed(ofNode: "n", besides: getpid()) == 5)
        // A report says nothing about pods, and takes nothing back.
        try runtime.report(proxy("p", other))
        try runtime.report(proxy("q", other))
        #expect(try runtime.podsServed(ofNode: "n", besides: getpid()) == -1)
        try runtime.note(PodsPoint(node: "n", version: 7), servedBy: "q")
        #expect(try runtime.podsServed(ofNode: "n", besides: getpid()) == 5)
        // What is served of an earlier node says nothing, nor does a proxy that was killed.
        #expect(try runtime.podsServed(ofNode: "m", besides: getpid()) == -1)
        try runtime.report(proxy("dead", ProcessIdentity(pid: other.pid, startTicks: 1)))
        #expect(try runtime.podsServed(ofNode: "n", besides: getpid()) == 5)
        try runtime.remove(proxy: "p")
        #expect(try runtime.podsServed(ofNode: "n", besides: getpid()) == 7)
    }

    /// What a reader that runs as root does to the files beside a database that it opens.
    @Test func `who opens a database wakes nobody`() throws {
        let watch = DirectoryWatch(fixture.location.directory)
        watch.renew()
        #expect(!watch.takeEvents())
        for name in ["runtime.db-shm", "runtime.db-wal"] {
            try fixture.scratch.write("", to: "store/\(name)")
        }
        #expect(!watch.takeEvents())
        fixture.location.touch("pods-changed")
        fixture.location.touch("runtime.db-wal")
        #expect(watch.takeEvents())
        #expect(!watch.takeEvents())
    }

    @Test func `a node hears at once of pods that are to end, and of nothing else`() throws {
        let runtime = open()
        let watch = DeletionWatch(at: fixture.location)
        watch.renew()
        try runtime.report(node("n"), pods: [pod("a")], version: 1)
        #expect(!watch.hasNews())
        try runtime.order([PodDeletion(pod("a").key, uid: "uid-a", gracePeriod: nil)])
        #expect(watch.hasNews())
        #expect(!watch.hasNews())
        #expect(try runtime.takeDeletions().map(\.uid) == ["uid-a"])
    }
}
