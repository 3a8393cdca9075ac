// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryTestSupport
import Testing

@testable import CanaryReplicas

/// Two versions of a service, each with a Deployment and an autoscaler, under a load that a rule splits between them: all parts of
/// the module together, with processes that are ready after three seconds and a clock that the test has.
@Suite struct StoryTests {
    private struct Version {
        var deployment: DeploymentSpec
        var sets: [ReplicaSet] = []
        var pods: [String: [String: PodLife]] = [:]
        let autoscaling: AutoscalerSpec
        var autoscaler = Autoscaler()

        var running: [PodLife] { pods.values.flatMap(\.values) }

        var ready: Int { running.count(where: \.isReady) }
    }

    private struct World {
        var versions: [String: Version]
        var random = SeededGenerator(seed: 11)
        var second = 0
        /// What the rule says, and how many requests there are in a second.
        var shares = ["v1": 90, "v2": 10]
        var load = 0

        var now: TimePoint { TimePoint(milliseconds: Int64(second) * 1000) }

        init() throws {
            versions = try Dictionary(
                uniqueKeysWithValues: ["v1", "v2"].map { version in
                    let template: Node = [
                        "metadata": ["labels": ["app": "helloworld", "version": .string(version)]],
                        "spec": [
                            "containers": [
                                [
                                    "name": "app", "command": ["hello"],
                                    "readinessProbe": ["tcpSocket": ["port": 5000], "periodSeconds": 1],
                                ]
                            ]
                        ],
                    ]
                    let autoscaler = object(
                        .horizontalPodAutoscaler,
                        "helloworld-\(version)",
                        [
                            "spec": [
                                "minReplicas": 1, "maxReplicas": 10,
                                "metrics": [
                                    [
                                        "type": "Pods",
                                        "pods": [
                                            "metric": ["name": "requests-per-second"],
                                            "target": ["type": "AverageValue", "averageValue": 50],
                                        ],
                                    ]
                                ],
                            ]
                        ]
                    )
                    return (
                        version,
                        Version(
                            deployment: DeploymentSpec(name: version, replicas: 1, template: template),
                            autoscaling: try #require(AutoscalerSpec(autoscaler))
                        )
                    )
                }
            )
        }

        mutating func live(seconds: Int) {
            for _ in 0..<seconds {
                second += 1
                for version in versions.keys.sorted() {
                    control(version)
                    run(version)
                    if second.isMultiple(of: 15) { autoscale(version) }
                    // Traffic has somewhere to go at any time but before the first pod.
                    #expect(second < 10 || (versions[version]?.ready ?? 0) > 0)
                }
            }
        }

        /// Deployment and sets.
        private mutating func control(_ version: String) {
            guard var it = versions[version] else { return }
            let seen = it.pods.mapValues { pods in pods.map { ReplicaPod($0.key, $0.value) } }
            it.sets = DeploymentPlan(it.deployment, sets: it.sets, pods: seen, at: now).sets
            for set in it.sets {
                let change = ReplicaSetChange(set, seen[set.name] ?? [])
                for name in change.deleted {
                    _ = it.pods[set.name]?[name]?.handle(.delete(gracePeriod: nil), at: now)
                }
                for _ in 0..<change.created {
                    let life = PodLife(PodSpec(set.template), at: now)
                    it.pods[set.name, default: [:]][set.podName(using: &random)] = life
                }
            }
            versions[version] = it
        }

        /// Processes start at once, answer after three seconds, and end when they are told.
        private mutating func run(_ version: String) {
            guard var it = versions[version] else { return }
            for set in it.pods.keys {
                for (name, life) in it.pods[set] ?? [:] {
                    it.pods[set]?[name] = advance(life)
                }
            }
            versions[version] = it
        }

        private func advance(_ life: PodLife) -> PodLife? {
            var life = life
            var actions = life.handle(.tick, at: now).actions
            if life.isTerminating { actions += life.handle(.drained, at: now).actions }
            while !actions.isEmpty {
                switch actions.removeFirst() {
                case .start(let run): actions += life.handle(.started(run), at: now).actions
                case .probe(let run, let kind):
                    let answer = PodInput.probed(
                        run,
                        kind,
                        isSuccess: now - life.created >= .seconds(3),
                        message: ""
                    )
                    actions += life.handle(answer, at: now).actions
                case .terminate(let run): actions += life.handle(.exited(run, .signal(15)), at: now).actions
                case .remove: return nil
                default: break
                }
            }
            return life
        }

        private mutating func autoscale(_ version: String) {
            guard var it = versions[version] else { return }
            let rate = Double(load * (shares[version] ?? 0)) / 100 / Double(max(it.ready, 1))
            let metric = PodMetric(MilliValue(Int64(rate * 1000)), at: now, window: .seconds(15))
            let pods = it.pods.values.joined().map { ObservedPod($0.key, $0.value) }
            let ready = it.pods.values.joined().filter(\.value.isReady).map { ($0.key, metric) }
            let seen = Autoscaler.Observation(
                replicas: it.deployment.replicas,
                pods: pods,
                readings: [.pods(Dictionary(uniqueKeysWithValues: ready))]
            )
            let decision = it.autoscaler.reconcile(it.autoscaling, seen, at: now)
            it.deployment.replicas = decision.desired
            it.autoscaler.confirm(decision, it.autoscaling, at: now)
            versions[version] = it
        }

        func replicas(_ version: String) -> Int { versions[version]?.ready ?? 0 }
    }

    @Test func `replicas follow the load, traffic follows the rule, and neither knows of the other`() throws {
        var world = try World()
        world.live(seconds: 60)
        #expect((world.replicas("v1"), world.replicas("v2")) == (1, 1))

        world.load = 400
        world.live(seconds: 120)
        #expect((world.replicas("v1"), world.replicas("v2")) == (8, 1))

        world.shares = ["v1": 50, "v2": 50]
        world.live(seconds: 120)
        // What grows does so at once, what shrinks waits for five minutes.
        #expect((world.replicas("v1"), world.replicas("v2")) == (8, 4))
        world.live(seconds: 300)
        #expect((world.replicas("v1"), world.replicas("v2")) == (4, 4))

        world.load = 0
        world.live(seconds: 400)
        #expect((world.replicas("v1"), world.replicas("v2")) == (1, 1))
    }

    @Test func `a template that changes under load replaces all pods, and one serves at any time`() throws {
        var world = try World()
        world.load = 100
        world.live(seconds: 60)
        let old = try #require(world.versions["v1"]?.sets.first?.name)
        world.versions["v1"]?.deployment.template.set("new", at: "metadata", "labels", "build")
        world.live(seconds: 60)
        let version = try #require(world.versions["v1"])
        #expect(version.sets.map(\.revision) == [1, 2])
        #expect(version.pods[old] == [:])
        #expect(version.ready == 2)
        let status = DeploymentStatus(
            version.deployment,
            sets: version.sets,
            pods: version.pods.mapValues { pods in pods.map { ReplicaPod($0.key, $0.value) } },
            at: world.now
        )
        #expect(status.sentence == "deployment \"v1\" successfully rolled out")
    }
}
