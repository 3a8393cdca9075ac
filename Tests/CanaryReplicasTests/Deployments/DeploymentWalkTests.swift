// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryTestSupport
import Testing

@testable import CanaryReplicas

/// Deployments whose manifests change while pods come, fail and go, watched by what must hold at every moment.
@Suite struct DeploymentWalkTests {
    private struct World {
        var spec: DeploymentSpec
        var random: SeededGenerator
        var sets: [ReplicaSet] = []
        var pods: [String: [ReplicaPod]] = [:]
        var now = TimePoint(milliseconds: 0)
        var names = 0

        var active: Int { pods.values.joined().count(where: \.isActive) }

        var available: Int { pods.values.joined().count { $0.isAvailable(after: spec.minReady, at: now) } }

        /// One look of the controller, and what it has done.
        mutating func control(isUndisturbed: Bool) {
            let before = available
            let plan = DeploymentPlan(spec, sets: sets, pods: pods, at: now)
            let total = plan.sets.reduce(0) { $0 + $1.replicas }
            let last = sets.reduce(0) { $0 + $1.replicas }
            #expect(total <= max(spec.replicas + spec.maxSurge, last), "more than the surge allows")
            #expect(plan.sets.allSatisfy { $0.replicas >= 0 })
            sets = plan.sets
            for set in sets { follow(set) }
            let removed = pods.filter { name, pods in !pods.isEmpty && !sets.contains { $0.name == name } }
            #expect(removed.isEmpty, "a set with pods was forgotten")
            if isUndisturbed, case .rollingUpdate = spec.strategy {
                #expect(available >= min(before, spec.replicas - spec.maxUnavailable), "too few serve")
            }
        }

        private mutating func follow(_ set: ReplicaSet) {
            let change = ReplicaSetChange(set, pods[set.name] ?? [])
            for name in change.deleted {
                guard let index = pods[set.name]?.firstIndex(where: { $0.name == name }) else { continue }
                pods[set.name]?[index].isTerminating = true
            }
            for _ in 0..<change.created {
                names += 1
                pods[set.name, default: []].append(
                    ReplicaPod("p\(names)", phase: .pending, readySince: nil, created: now)
                )
            }
        }

        /// Time passes for each pod. Without mercy, some fail.
        mutating func live(fails: Bool) {
            now = now + .seconds(1 + Int(random.next() % 5))
            for name in pods.keys.sorted() {
                pods[name] = (pods[name] ?? []).compactMap { live($0, fails: fails) }
            }
        }

        private mutating func live(_ pod: ReplicaPod, fails: Bool) -> ReplicaPod? {
            var pod = pod
            if pod.isTerminating, random.chance(60) { return nil }
            guard random.chance(60) else { return pod }
            pod.phase = .running
            pod.readySince = pod.readySince ?? now
            if fails, random.chance(20) { pod.readySince = nil }
            if fails, random.chance(5) { pod.phase = .failed }
            return pod
        }

        /// Somebody edits the manifest, and scaling is told apart from that.
        mutating func edit() -> Bool {
            if random.chance(10) { spec.template = DeploymentPlanTests.template("v\(random.next() % 4)") }
            guard random.chance(8) else { return false }
            spec.replicas = Int(random.next() % 12)
            return true
        }

        var isSettled: Bool {
            DeploymentStatus(spec, sets: sets, pods: pods, at: now).isComplete
                && sets.allSatisfy { $0.template == spec.template || $0.replicas == 0 }
        }
    }

    private static func world(_ seed: UInt64) -> World {
        var random = SeededGenerator(seed: seed)
        let counts: [PodCount] = [.count(0), .count(1), .count(3), .percent(25), .percent(100)]
        let strategy: DeploymentSpec.Strategy =
            random.chance(20)
            ? .recreate : .rollingUpdate(maxSurge: random.pick(counts), maxUnavailable: random.pick(counts))
        let spec = DeploymentSpec(
            name: "hello",
            replicas: Int(random.next() % 12),
            strategy: strategy,
            template: DeploymentPlanTests.template("v0"),
            minReady: random.pick([.zero, .seconds(3)]),
            revisionHistoryLimit: Int(random.next() % 3)
        )
        return World(spec: spec, random: random)
    }

    @Test(arguments: 0..<300 as Range<UInt64>)
    func `a deployment keeps its bounds, and comes to what its manifest says`(_ seed: UInt64) {
        var world = Self.world(seed)
        for _ in 0..<80 {
            let isScaled = world.edit()
            world.control(isUndisturbed: !isScaled)
            world.live(fails: true)
        }
        for _ in 0..<300 where !world.isSettled {
            world.control(isUndisturbed: true)
            world.live(fails: false)
        }
        #expect(world.isSettled)
        #expect(
            world.sets.count <= world.spec.revisionHistoryLimit + 1 || !world.pods.allSatisfy(\.value.isEmpty)
        )
    }
}
