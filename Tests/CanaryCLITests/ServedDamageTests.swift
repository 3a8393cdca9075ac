// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryTestSupport
import Testing

@testable import CanaryCLI
@testable import CanaryStore

/// What a proxy serves in place of what it cannot read.
@Suite struct ServedDamageTests {
    private let key = ResourceKey(.virtualService, namespace: "shop", name: "web")
    private let tokens = ["host:web.shop.svc.cluster.local", "destination:web.shop.svc.cluster.local"]
    private var damage = ServedDamage()

    private var standIn: Resource {
        Resource.standIn(for: key, tokens: tokens, stored: nil)
    }

    private var intact: Resource {
        Resource(key: key, body: .mapping(["spec": .mapping(["hosts": .sequence([.string("web")])])]))
    }

    private func changes(
        isComplete: Bool = false,
        _ changed: [Resource] = [],
        damaged: Bool = false,
        deleted: [ResourceKey] = [],
        rows: [DamagedRow] = []
    ) -> StoreChanges {
        let error = JSONError(
            reason: .syntax,
            message: "it ends too early",
            position: Position(line: 1, column: 1)
        )
        return StoreChanges(
            storeUID: "store",
            revision: 2,
            commit: "",
            isComplete: isComplete,
            changed: changed,
            damaged: damaged ? [DamagedObject(standIn: standIn, error: error)] : [],
            deleted: deleted,
            unreadable: rows
        )
    }

    private func snapshot(_ resources: [Resource]) -> ClusterSnapshot {
        var snapshot = ClusterSnapshot(revision: 1, resources)
        snapshot.storeID = "store"
        return snapshot
    }

    @Test func `a VirtualService that stands in routes the hosts of its tokens nowhere`() throws {
        let spec = try #require(standIn.virtualService)
        #expect(spec.hosts == ["web.shop.svc.cluster.local"])
        #expect(spec.boundGateways == ["mesh"])
        #expect(spec.http.map(\.destinations).map { $0.map(\.destination.host) } == [["damaged.invalid"]])
        #expect(spec.tcpRoutes.count == 1)
        let gated = Resource.standIn(for: key, tokens: ["gateway:shop/edge"], stored: nil)
        #expect(gated.virtualService?.isDelegate == true)
        #expect(gated.virtualService?.boundGateways == ["mesh", "shop/edge"])
    }

    @Test func `what could be read before stays, also when everything is read anew`() {
        for isComplete in [false, true] {
            var damage = damage
            let taken = damage.take(
                changes(isComplete: isComplete, damaged: true),
                before: snapshot([intact])
            )
            #expect(taken.changed.map(\.isDamaged) == (isComplete ? [false] : []))
            #expect(damage.sentences.count == 1 && damage.sentences[0].contains("at revision 1 goes on"))
        }
    }

    @Test func `what was read of another store does not count`() {
        var damage = damage
        var other = snapshot([intact])
        other.storeID = "another"
        let taken = damage.take(changes(isComplete: true, damaged: true), before: other)
        #expect(taken.changed.map(\.isDamaged) == [true])
        #expect(damage.sentences[0].contains("web.shop gets 503"))
    }

    @Test func `damage is told until the object is written again or deleted`() {
        var damage = damage
        let first = damage.take(changes(isComplete: true, damaged: true), before: snapshot([]))
        #expect(first.changed.map(\.isDamaged) == [true])
        _ = damage.take(changes(), before: snapshot(first.changed))
        #expect(damage.sentences.count == 1)
        var mended = damage
        _ = mended.take(changes([intact]), before: snapshot(first.changed))
        #expect(mended.sentences.isEmpty)
        let gone = damage.take(changes(deleted: [key]), before: snapshot(first.changed))
        #expect(damage.sentences.isEmpty && gone.removed == [key])
    }

    @Test func `a row whose kind is none is what its tokens say, until it is gone`() {
        var damage = damage
        let row = DamagedRow(name: "Virt? shop/web", candidates: [key], tokens: tokens)
        let first = damage.take(changes(isComplete: true, rows: [row]), before: snapshot([]))
        #expect(first.changed.map(\.key) == [key] && first.changed[0].isDamaged)
        #expect(damage.sentences[0].hasSuffix("; web.shop gets 503; apply its manifest again"))
        let second = damage.take(changes(rows: [row]), before: snapshot(first.changed))
        #expect(second.changed.isEmpty && second.removed.isEmpty && damage.sentences.count == 1)
        let other = DamagedRow(name: row.name, candidates: [key], tokens: ["host:api.shop.svc.cluster.local"])
        var changing = damage
        let changed = changing.take(changes(rows: [other]), before: snapshot(first.changed))
        #expect(changed.changed.map(\.key) == [key] && changed.removed.isEmpty)
        let third = damage.take(changes(), before: snapshot(first.changed))
        #expect(third.removed == [key] && damage.sentences.isEmpty)
    }
}
