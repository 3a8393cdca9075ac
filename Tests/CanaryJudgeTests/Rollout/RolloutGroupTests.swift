// SPDX-License-Identifier: Apache-2.0

import CanaryJudge
import Testing

@Suite struct RolloutGroupTests {
    private func group() -> [String: Bench] {
        ["a": Bench(.fixed { $0.group = "shop" }), "b": Bench(.fixed { $0.group = "shop" })]
    }

    /// Gives the orders of the moment, to some members only if a controller dies between them.
    private func order(_ group: inout [String: Bench], only names: Set<String> = ["a", "b"]) {
        for (name, order) in RolloutGroup.orders(group.mapValues(\.state)) where names.contains(name) {
            group[name]?.handle(.group(order))
        }
    }

    @Test func `nobody goes on before all can`() {
        var group = group()
        group["a"]?.seconds(12)
        group["b"]?.seconds(5)
        order(&group)
        #expect(group.values.allSatisfy { $0.state.step == 0 })
        #expect(group["a"]?.state.message == "waiting for the group \"shop\"")
        group["b"]?.seconds(5)
        order(&group)
        #expect(group.values.allSatisfy { $0.state.step == 1 })
    }

    @Test func `who stayed behind in a crash follows`() {
        var group = group()
        for name in ["a", "b"] { group[name]?.seconds(10) }
        order(&group, only: ["b"])
        #expect(group["b"]?.state.step == 1)
        order(&group)
        #expect(group.values.allSatisfy { $0.state.step == 1 })
        for name in ["a", "b"] { group[name]?.seconds(10, canary: 50, stable: 50) }
        order(&group, only: ["a"])
        order(&group)
        #expect(group.values.allSatisfy { $0.state.phase == .promoted })
        #expect(RolloutGroup.orders(group.mapValues(\.state)).isEmpty)
    }

    @Test func `one that is taken back takes all back`() {
        var group = group()
        group["a"]?.seconds(10)
        group["b"]?.seconds(20, errors: 2)
        order(&group)
        #expect(group.values.allSatisfy { $0.state.phase == .aborted && $0.setting == .stable })
        #expect(group["a"]?.state.message.hasPrefix("b of the same group was taken back: ") == true)
        #expect(RolloutGroup.orders(group.mapValues(\.state)).isEmpty)
    }

    @Test func `a person may keep all of them waiting`() {
        var group = group()
        group["a"]?.order(.pause)
        for name in ["a", "b"] { group[name]?.seconds(20) }
        order(&group)
        #expect(group.values.allSatisfy { $0.state.step == 0 })
    }

    @Test func `who runs ahead draws nobody along unjudged`() {
        var group = group()
        group["a"]?.order(.promoteFull)
        for _ in 0..<5 { order(&group) }
        #expect(group["b"]?.state.step == 0)
        group["b"]?.seconds(10)
        order(&group)
        #expect(group["b"]?.state.step == 1)
    }

    @Test func `another try begins when all are tried again`() {
        var group = group()
        group["b"]?.seconds(20, errors: 2)
        order(&group)
        group["a"]?.order(.retry)
        order(&group)
        #expect(group["a"]?.state.phase == .progressing)
        group["a"]?.seconds(20)
        order(&group)
        #expect(group["a"]?.state.step == 0)
        group["b"]?.order(.retry)
        group["b"]?.seconds(10)
        order(&group)
        #expect(group.values.allSatisfy { $0.state.step == 1 && $0.state.phase == .progressing })
    }

    @Test func `there is nothing to say to nobody`() {
        #expect(RolloutGroup.orders([:]).isEmpty)
    }
}
