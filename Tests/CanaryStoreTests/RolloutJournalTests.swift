// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import Testing

@testable import CanaryStore

@Suite struct RolloutJournalTests {
    let store: ClusterStore
    let fixture: StoreFixture

    init() throws {
        fixture = try StoreFixture()
        store = try fixture.open()
    }

    private func begin(_ name: String = "shop") throws -> Int64 {
        try store.write(.test) { writer in
            try writer.begin(record(name)).id
        }.value
    }

    private func record(_ name: String) -> RolloutRecord {
        RolloutRecord(
            uid: "uid of \(name)",
            generation: 1,
            namespace: "default",
            name: name,
            host: "\(name).default",
            body: "{}",
            phase: "Pending"
        )
    }

    private func end(_ id: Int64, _ writer: StoreWriter) throws {
        var record = try #require(try writer.rollout(id))
        (record.generation, record.phase, record.isOver) = (3, "Aborted", true)
        try writer.mark(record)
    }

    private func rows(_ numbers: ClosedRange<Int>) -> [JournalRow] {
        numbers.map { JournalRow(number: $0, attempt: 1, entry: "entry \($0)") }
    }

    @Test func `entries stay in order, and make no revision`() throws {
        let id = try begin()
        let change = try store.write(.test) { try $0.append(rows(1...3), toJournalOf: id, behind: nil) }
        #expect(change.value && change.revision == nil)
        try store.read { reader throws in
            #expect(reader.revision == 0)
            #expect(try reader.journal(of: id) == rows(1...3))
            #expect(try reader.journal(of: id, after: 2) == rows(3...3))
        }
    }

    @Test func `an entry that is not the next one is not written`() throws {
        let id = try begin()
        try store.write(.test) { _ = try $0.append(rows(1...2), toJournalOf: id, behind: nil) }
        let end = rows(2...2).first
        // The last row is another one where a backup was brought back and its rollout has gone on.
        let others = JournalRow(number: 2, attempt: 1, entry: "another 2")
        for (wrong, behind) in [
            (rows(2...3), end), (rows(4...4), end), (rows(3...3), others), (rows(1...1), nil),
        ] {
            let change = try store.write(.test) { try $0.append(wrong, toJournalOf: id, behind: behind) }
            #expect(!change.value)
        }
        let journal = try store.read { try $0.journal(of: id) }
        #expect(journal == rows(1...2))
    }

    @Test func `entries and a change of an object come together or not at all`() throws {
        let id = try begin()
        struct Stop: Error {}
        #expect(throws: Stop.self) {
            try store.write(.test) { writer throws in
                _ = try writer.append(rows(1...1), toJournalOf: id, behind: nil)
                try writer.put(service("shop"), body: bytes("{}"), tokens: [])
                throw Stop()
            }
        }
        try store.read { reader throws in
            #expect(try reader.journal(of: id).isEmpty)
            #expect(try reader.object(service("shop")) == nil)
        }
    }

    @Test func `the newest run of a host and of an object counts`() throws {
        let first = try begin()
        try store.write(.test) { try end(first, $0) }
        let second = try begin()
        let other = try begin("cart")
        try store.read { reader throws in
            #expect(try reader.rollout(ofHost: "shop.default")?.id == second)
            #expect(try reader.rollout(of: "uid of shop")?.id == second)
            #expect(
                try reader.newestRollouts().mapValues(\.id) == ["uid of shop": second, "uid of cart": other]
            )
            let over = try #require(try reader.rollout(first))
            #expect(over.isOver && over.phase == "Aborted" && over.generation == 3)
            #expect(try reader.activeRollouts().map(\.id) == [second, other])
        }
    }

    @Test func `an order waits until it is answered, also one of a rollout that is over`() throws {
        let id = try begin()
        let order = OrderRow(id: "o", rollout: id, command: "retry", actor: "ada", reason: "mended")
        try store.write(.test) { writer in
            try end(id, writer)
            try writer.give(order)
        }
        try store.read { reader throws in
            #expect(try reader.activeRollouts().map(\.id) == [id])
            #expect(try reader.waitingOrders(of: id) == [order])
            #expect(try reader.answer(to: "o") == .waiting)
        }
        try store.write(.test) { try $0.answer("o", refusal: "not aborted") }
        try store.read { reader throws in
            #expect(try reader.activeRollouts().isEmpty)
            #expect(try reader.waitingOrders(of: id).isEmpty)
            #expect(try reader.answer(to: "o") == .refused("not aborted"))
        }
    }

    @Test func `one controller has the lock, and others see which`() throws {
        #expect(ControllerLock.holder(at: fixture.location) == nil)
        var lock = try ControllerLock.acquire(at: fixture.location)
        #expect(lock != nil)
        #expect(try ControllerLock.acquire(at: fixture.location, patienceMilliseconds: 0) == nil)
        #expect(ControllerLock.holder(at: fixture.location).flatMap { Int32($0) } != nil)
        lock = nil
        #expect(ControllerLock.holder(at: fixture.location) == nil)
        #expect(try ControllerLock.acquire(at: fixture.location) != nil)
    }
}
