// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryStore
import CanarySystem
import Synchronization
import Testing

/// What happened to objects, as `runtime.db` keeps it.
@Suite struct EventRecordsTests {
    private static let hour: Int64 = 3_600_000

    let fixture: StoreFixture

    init() throws {
        fixture = try StoreFixture()
        try fixture.location.makeDirectory()
    }

    private func open(at now: Int64) -> RuntimeStore {
        RuntimeStore(at: fixture.location, context: StoreContext(now: { now }, newUID: { "uid" })) { _ in }
    }

    private func key(_ name: String, _ kind: ResourceKind = .pod) -> ResourceKey {
        ResourceKey(kind, namespace: "shop", name: name)
    }

    private func event(_ message: String, of name: String = "web", count: Int = 1, at time: Int64)
        -> EventRecord
    {
        EventRecord(
            of: key(name),
            isWarning: true,
            reason: "Unhealthy",
            message: message,
            count: count,
            first: time,
            last: time + 5
        )
    }

    @Test func `what happened again is counted, and stands where it happened last`() throws {
        let runtime = open(at: 1000)
        try runtime.add([event("refused", count: 3, at: 100), event("late", at: 200)])
        #expect(try runtime.events().map(\.message) == ["refused", "late"])
        try runtime.add([event("refused", at: 300)])
        let events = try open(at: 1000).events()
        #expect(events.map(\.message) == ["late", "refused"])
        #expect(events[1].count == 4 && events[1].first == 100 && events[1].last == 305)
        #expect(events[1].isWarning && events[1].object == key("web"))
    }

    @Test func `those of one object are found, whatever else has its name`() throws {
        let runtime = open(at: 1000)
        var other = event("scaled", at: 3)
        other.object = key("web", .deployment)
        try runtime.add([event("refused", at: 1), event("late", of: "shop", at: 2), other])
        #expect(try runtime.events(of: key("web")).map(\.message) == ["refused"])
        #expect(try runtime.events(of: key("web", .deployment)).map(\.message) == ["scaled"])
        #expect(try runtime.events(of: key("nobody")).isEmpty)
    }

    @Test func `an hour later it is forgotten, and counted anew when it comes back`() throws {
        try open(at: 1000).add([event("refused", count: 9, at: 100)])
        #expect(try open(at: Self.hour + 105).events().count == 1)
        let later = open(at: Self.hour + 106)
        #expect(try later.events().isEmpty)
        try later.add([event("refused", at: Self.hour)])
        #expect(try later.events().map(\.count) == [1])
    }

    @Test func `one object has so many, the newest`() throws {
        let runtime = open(at: 10_000)
        try runtime.add(
            (1...50).map { event("answer \($0)", at: Int64($0)) } + [event("other", of: "b", at: 1)]
        )
        let messages = try runtime.events(of: key("web")).map(\.message)
        #expect(messages == (31...50).map { "answer \($0)" })
        #expect(try runtime.events(of: key("b")).count == 1)
    }

    @Test func `all objects have so many, the newest`() throws {
        let runtime = open(at: 100_000)
        let most = RuntimeStore.mostEvents
        try runtime.add((0..<most + 7).map { event("late", of: "pod-\($0)", at: Int64($0)) })
        let events = try runtime.events()
        #expect(events.count == most && events.first?.object == key("pod-7"))
    }

    @Test func `they outlast the node that told them`() throws {
        let runtime = open(at: 1000)
        let node = NodeRecord(id: "n", process: .current, startedAt: 1, version: "1")
        try runtime.report(node, pods: [])
        try runtime.add([event("refused", at: 1)])
        try runtime.remove(node: "n")
        try runtime.report(node, pods: [])
        #expect(try runtime.events().count == 1)
    }
}
