// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryTestSupport
import Testing

@testable import CanaryReplicas

/// Pods whose processes do what they like, watched by what must hold at every moment.
@Suite struct PodLifeWalkTests {
    /// A node with no processes but the ones in its mind.
    private struct World {
        var pod: PodLife
        var random: SeededGenerator
        var now = TimePoint(milliseconds: 0)
        var alive: Set<ContainerRun> = []
        var told: Set<ContainerRun> = []
        var killed: Set<ContainerRun> = []
        var awaited: [PodAction] = []
        var deletedAt: TimePoint?
        /// What was being ended for another reason before.
        var failing: Set<ContainerRun> = []
        var isDrained = false
        var isRemoved = false

        mutating func hear(_ input: PodInput) {
            for action in pod.handle(input, at: now).actions { obey(action) }
            check()
        }

        private mutating func obey(_ action: PodAction) {
            #expect(!isRemoved, "nothing follows the end")
            switch action {
            case .start(let run):
                #expect(!pod.isTerminating)
                #expect(!alive.contains { $0.container == run.container }, "two runs of \(run.container)")
                awaited.append(action)
            case .probe(let run, _), .runHook(let run, _):
                #expect(alive.contains(run))
                awaited.append(action)
            case .terminate(let run):
                #expect(alive.contains(run) && told.insert(run).inserted)
                // Traffic first, unless there is no time left.
                guard let deletedAt, !failing.contains(run) else { return }
                #expect(isDrained || now >= deletedAt + .seconds(5))
            case .kill(let run): #expect(told.contains(run) && killed.insert(run).inserted)
            case .drain: #expect(!pod.isReady)
            case .remove:
                #expect(alive.isEmpty && pod.isTerminating)
                isRemoved = true
            }
        }

        private func check() {
            if pod.isReady {
                #expect(!pod.isTerminating)
                let ready = pod.containers.filter { !$0.isInit }.map(\.run)
                #expect(ready.allSatisfy { alive.contains($0) && !told.contains($0) })
            }
            if let next = pod.nextTime { #expect(next > now, "time alone would go round in circles") }
        }

        /// One thing happens.
        mutating func step() {
            if random.chance(40) || awaited.isEmpty && alive.isEmpty { passTime() }
            if !awaited.isEmpty, random.chance(70) {
                answer(awaited.remove(at: Int(random.next() % UInt64(awaited.count))))
            }
            if let run = alive.sorted(by: { $0.container < $1.container }).first, random.chance(15) {
                end(run)
            }
            if let run = killed.first(where: { alive.contains($0) }) { end(run, .signal(9)) }
            if pod.isTerminating, !isDrained, random.chance(30) {
                isDrained = true
                hear(.drained)
            }
        }

        private mutating func passTime() {
            let most = pod.nextTime.map { max($0.milliseconds - now.milliseconds, 1) } ?? 1000
            now.milliseconds += random.chance(50) ? most : 1 + Int64(random.next() % UInt64(most))
            hear(.tick)
        }

        private mutating func end(_ run: ContainerRun, _ cause: ContainerExit.Cause? = nil) {
            alive.remove(run)
            hear(.exited(run, cause ?? random.pick([.status(0), .status(1), .signal(15), .outOfMemory])))
        }

        private mutating func answer(_ action: PodAction) {
            switch action {
            case .start(let run):
                guard random.chance(85) else { return hear(.startFailed(run, reason: "X", message: "")) }
                alive.insert(run)
                hear(.started(run))
            case .probe(let run, let kind):
                hear(.probed(run, kind, isSuccess: random.chance(75), message: ""))
            case .runHook(let run, let hook):
                hear(.hookEnded(run, hook, failure: random.chance(20) ? "failed" : nil))
            default: break
            }
        }
    }

    private static func container(_ name: String, _ random: inout SeededGenerator) -> Node {
        var node: Node = ["name": .string(name)]
        for key in ["startupProbe", "readinessProbe", "livenessProbe"] where random.chance(40) {
            node.set(["tcpSocket": ["port": 1], "periodSeconds": 3, "failureThreshold": 2], at: key)
        }
        for hook in ["postStart", "preStop"] where random.chance(30) {
            node.set(["sleep": ["seconds": 1]], at: "lifecycle", hook)
        }
        if random.chance(30) { node.set("Always", at: "restartPolicy") }
        return node
    }

    private static func world(_ seed: UInt64) -> World {
        var random = SeededGenerator(seed: seed)
        let initial = (0..<Int(random.next() % 3)).map { container("init-\($0)", &random) }
        let own = (0...Int(random.next() % 2)).map { container("app-\($0)", &random) }
        let spec: Node = [
            "terminationGracePeriodSeconds": 5,
            "restartPolicy": random.pick(["Always", "OnFailure", "Never"]),
            "initContainers": .sequence(initial), "containers": .sequence(own),
        ]
        return World(pod: PodLife(PodSpec(["spec": spec]), at: TimePoint(milliseconds: 0)), random: random)
    }

    @Test(arguments: 0..<300 as Range<UInt64>)
    func `whatever processes do, a pod keeps its promises, and ends`(_ seed: UInt64) {
        var world = Self.world(seed)
        world.hear(.tick)
        for _ in 0..<Int(world.random.next() % 150) { world.step() }
        world.deletedAt = world.now
        world.failing = Set(world.pod.containers.filter { $0.stop != nil }.map(\.run))
        world.hear(.delete(gracePeriod: nil))
        for _ in 0..<1000 where !world.isRemoved { world.step() }
        #expect(world.isRemoved)
        #expect(world.alive.isEmpty)
    }

    /// Left alone, with processes that start, answer and stay, a pod that is always restarted becomes ready.
    @Test(arguments: 0..<100 as Range<UInt64>)
    func `a pod becomes ready when its processes allow it`(_ seed: UInt64) {
        var world = Self.world(seed)
        world.pod = PodLife(
            PodSpec(["spec": ["containers": [Self.container("app", &world.random)]]]),
            at: world.now
        )
        world.hear(.tick)
        for _ in 0..<Int(world.random.next() % 60) { world.step() }
        for _ in 0..<400 where !world.pod.isReady {
            if let next = world.pod.nextTime { world.now = max(world.now, next) }
            let pending = world.awaited
            world.awaited = []
            for run in world.killed.intersection(world.alive) {
                world.alive.remove(run)
                world.hear(.exited(run, .signal(9)))
            }
            for action in pending {
                switch action {
                case .start(let run):
                    world.alive.insert(run)
                    world.hear(.started(run))
                case .probe(let run, let kind): world.hear(.probed(run, kind, isSuccess: true, message: ""))
                case .runHook(let run, let hook): world.hear(.hookEnded(run, hook, failure: nil))
                default: break
                }
            }
            world.hear(.tick)
        }
        #expect(world.pod.isReady)
    }
}
