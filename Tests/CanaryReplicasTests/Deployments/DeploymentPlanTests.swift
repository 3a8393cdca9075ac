// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryTestSupport
import Testing

@testable import CanaryReplicas

@Suite struct DeploymentPlanTests {
    private static let now = TimePoint(milliseconds: 1_000_000)

    static func template(_ version: String) -> Node {
        ["metadata": ["labels": ["version": .string(version)]], "spec": ["containers": [["name": "app"]]]]
    }

    private func spec(
        _ replicas: Int,
        _ version: String = "v2",
        surge: PodCount = .percent(25),
        unavailable: PodCount = .percent(25)
    ) -> DeploymentSpec {
        DeploymentSpec(
            name: "hello",
            replicas: replicas,
            strategy: .rollingUpdate(maxSurge: surge, maxUnavailable: unavailable),
            template: Self.template(version)
        )
    }

    /// A set scaled when the Deployment had so many replicas, and at most so many pods.
    private func set(_ version: String, _ replicas: Int, number: Int, of total: Int = 10, most: Int = 10)
        -> ReplicaSet
    {
        ReplicaSet(
            name: "hello-\(version)",
            hash: version,
            template: Self.template(version),
            replicas: replicas,
            revision: number,
            number: number,
            share: .init(replicas: total, most: most)
        )
    }

    private func pods(_ available: Int, of count: Int) -> [ReplicaPod] {
        (0..<count).map {
            ReplicaPod("p\($0)", readySince: $0 < available ? Self.now : nil, created: Self.now)
        }
    }

    private func plan(
        _ spec: DeploymentSpec,
        _ sets: [(ReplicaSet, available: Int)]
    ) -> [String: Int] {
        let running = Dictionary(
            uniqueKeysWithValues: sets.map { ($0.0.name, pods($0.available, of: $0.0.replicas)) }
        )
        let plan = DeploymentPlan(spec, sets: sets.map(\.0), pods: running, at: Self.now)
        return Dictionary(uniqueKeysWithValues: plan.sets.map { ($0.name, $0.replicas) })
    }

    // MARK: - Numbers

    @Test(arguments: [
        (10, PodCount.percent(25), PodCount.percent(25), 3, 2), (1, .percent(25), .percent(25), 1, 0),
        (4, .percent(25), .percent(25), 1, 1), (3, .count(0), .count(0), 0, 1),
        (3, .count(0), .percent(10), 0, 1),
        (2, .count(1), .count(5), 1, 2), (0, .percent(25), .percent(25), 0, 0),
        (10, .percent(100), .count(0), 10, 0),
    ])
    func `surge is rounded up, what may be missing down, and one of them is never nothing`(
        _ replicas: Int,
        _ surge: PodCount,
        _ unavailable: PodCount,
        _ maxSurge: Int,
        _ maxUnavailable: Int
    ) {
        let spec = spec(replicas, surge: surge, unavailable: unavailable)
        #expect(spec.maxSurge == maxSurge)
        #expect(spec.maxUnavailable == maxUnavailable)
    }

    // MARK: - Rolling updates

    /// `TestDeploymentController_reconcileNewReplicaSet` of Kubernetes' `rolling_test.go`: replicas, surge, old, new, expected new.
    @Test(arguments: [
        (10, 0, 10, 0, 0), (10, 2, 10, 0, 2), (10, 2, 5, 0, 7), (10, 2, 10, 2, 2), (10, 2, 2, 11, 10),
    ])
    func `the new set grows as in Kubernetes`(
        _ replicas: Int,
        _ surge: Int,
        _ old: Int,
        _ new: Int,
        _ expected: Int
    ) {
        let spec = spec(replicas, surge: .count(surge), unavailable: .count(0))
        let sets = [(set("v1", old, number: 1), 0), (set("v2", new, number: 2), 0)]
        #expect(plan(spec, sets)["hello-v2"] == expected)
    }

    /// `TestDeploymentController_reconcileOldReplicaSets`: replicas, may be missing, old, new, available of each, expected old.
    /// The last two rows are not there: new pods that serve, and old ones that do not.
    @Test(arguments: [
        (10, 0, 10, 0, 10, 0, 9), (10, 2, 10, 0, 10, 0, 8), (10, 2, 10, 0, 8, 0, 8), (10, 2, 10, 0, 9, 0, 8),
        (10, 2, 8, 2, 8, 0, 8), (10, 2, 8, 2, 8, 2, 6), (10, 2, 8, 4, 4, 4, 4),
    ])
    func `old sets shrink as in Kubernetes`(
        _ replicas: Int,
        _ unavailable: Int,
        _ old: Int,
        _ new: Int,
        _ oldAvailable: Int,
        _ newAvailable: Int,
        _ expected: Int
    ) {
        let spec = spec(
            replicas,
            surge: .count(max(old + new - replicas, 0)),
            unavailable: .count(unavailable)
        )
        let sets = [
            (set("v1", old, number: 1), available: oldAvailable), (set("v2", new, number: 2), newAvailable),
        ]
        #expect(plan(spec, sets)["hello-v1"] == expected)
    }

    @Test func `a first set is made whole at once, and has a name of letters and digits`() throws {
        let plan = DeploymentPlan(spec(3), sets: [], pods: [:], at: Self.now)
        let set = try #require(plan.sets.first)
        #expect((set.replicas, set.revision, plan.sets.count) == (3, 1, 1))
        #expect(set.name == "hello-\(PodTemplateHash.hash(Self.template("v2")))")
        #expect(set.hash.utf8.allSatisfy { "bcdfghjklmnpqrstvwxz2456789".utf8.contains($0) })
        #expect(
            plan.events == [
                .init(normal: "ScalingReplicaSet", "Scaled up replica set \(set.name) from 0 to 3")
            ]
        )
    }

    @Test func `pods have their set's name and hash`() {
        let set = set("v1", 1, number: 1)
        var random = SeededGenerator(seed: 1)
        let name = set.podName(using: &random)
        #expect(name.hasPrefix("hello-v1-") && name.count == "hello-v1-".count + 5)
        #expect(name != set.podName(using: &random))
        #expect(set.podLabels == ["version": "v1", "pod-template-hash": "v1"])
    }

    @Test func `the hash is of what a template means, and differs where it would collide`() {
        let one: Node = ["a": 1, "b": ["c": 2]]
        let other: Node = ["b": ["c": 2], "a": 1]
        #expect(PodTemplateHash.hash(one) == PodTemplateHash.hash(other))
        #expect(PodTemplateHash.hash(one) != PodTemplateHash.hash(["a": 2]))
        var imposter = set("v1", 0, number: 1)
        imposter.hash = PodTemplateHash.hash(Self.template("v2"))
        let plan = DeploymentPlan(spec(1), sets: [imposter], pods: [:], at: Self.now)
        #expect(
            plan.sets.map(\.hash) == [
                imposter.hash, PodTemplateHash.hash(Self.template("v2"), collisions: 1),
            ]
        )
    }

    @Test func `Recreate waits for the last old pod, also while it leaves`() {
        var spec = spec(3)
        spec.strategy = .recreate
        let sets = [set("v1", 3, number: 1, of: 3), set("v2", 0, number: 2, of: 3)]
        let first = DeploymentPlan(spec, sets: sets, pods: ["hello-v1": pods(3, of: 3)], at: Self.now)
        #expect(first.sets.map(\.replicas) == [0, 0])
        let leaving = ReplicaPod("p", isTerminating: true, readySince: nil, created: Self.now)
        let second = DeploymentPlan(spec, sets: first.sets, pods: ["hello-v1": [leaving]], at: Self.now)
        #expect(second.sets.map(\.replicas) == [0, 0])
        let third = DeploymentPlan(spec, sets: second.sets, pods: [:], at: Self.now)
        #expect(third.sets.map(\.replicas) == [0, 3])
    }

    @Test func `a paused deployment is scaled and not updated`() {
        var spec = spec(5)
        spec.isPaused = true
        #expect(plan(spec, [(set("v1", 3, number: 1), 3)]) == ["hello-v1": 5])
    }

    // MARK: - Scaling in the middle

    /// A case of `TestScale` in Kubernetes' `sync_test.go`: replicas and surge before and after, and sizes with the oldest set first.
    struct ScaleCase: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var before: (replicas: Int, surge: Int)
        var after: (replicas: Int, surge: Int)
        /// Whether the last of the sets has the present template.
        var hasNew = true
        var sizes: [Int]
        var expected: [Int]
    }

    static let scaleCases: [ScaleCase] = [
        .init(testDescription: "10 -> 12", before: (10, 0), after: (12, 0), sizes: [10], expected: [12]),
        .init(testDescription: "10 -> 5", before: (10, 0), after: (5, 0), sizes: [10], expected: [5]),
        .init(testDescription: "5 -> 10", before: (5, 0), after: (10, 0), sizes: [3, 2], expected: [6, 4]),
        .init(testDescription: "5 -> 3", before: (5, 0), after: (3, 0), sizes: [3, 2], expected: [2, 1]),
        .init(testDescription: "9 -> 4", before: (9, 0), after: (4, 0), sizes: [1, 8], expected: [0, 4]),
        .init(
            testDescription: "7 -> 10",
            before: (7, 0),
            after: (10, 0),
            sizes: [2, 3, 2],
            expected: [3, 4, 3]
        ),
        .init(
            testDescription: "13 -> 8",
            before: (13, 0),
            after: (8, 0),
            sizes: [3, 8, 2],
            expected: [2, 5, 1]
        ),
        .init(
            testDescription: "leftover: 3 -> 4",
            before: (3, 0),
            after: (4, 0),
            sizes: [1, 1, 1],
            expected: [1, 1, 2]
        ),
        .init(
            testDescription: "leftover: 3 -> 2",
            before: (3, 0),
            after: (2, 0),
            sizes: [1, 1, 1],
            expected: [0, 1, 1]
        ),
        .init(
            testDescription: "no new rs: 4 -> 5",
            before: (4, 0),
            after: (5, 0),
            hasNew: false,
            sizes: [2, 2],
            expected: [2, 3]
        ),
        .init(
            testDescription: "6 -> 0",
            before: (6, 0),
            after: (0, 0),
            sizes: [1, 2, 3],
            expected: [0, 0, 0]
        ),
        .init(
            testDescription: "0 -> 6",
            before: (6, 0),
            after: (6, 0),
            sizes: [0, 0, 0],
            expected: [0, 0, 6]
        ),
        .init(
            testDescription: "surge pods",
            before: (10, 2),
            after: (20, 2),
            sizes: [6, 6],
            expected: [11, 11]
        ),
        .init(
            testDescription: "change both surge and size",
            before: (10, 3),
            after: (50, 6),
            sizes: [8, 5],
            expected: [34, 22]
        ),
        .init(
            testDescription: "change both size and template",
            before: (10, 0),
            after: (14, 0),
            hasNew: false,
            sizes: [3, 7],
            expected: [4, 10]
        ),
    ]

    @Test(arguments: scaleCases)
    func `sets are scaled in proportion, as in Kubernetes`(_ example: ScaleCase) {
        let last = example.sizes.count
        let spec = spec(
            example.after.replicas,
            example.hasNew ? "v\(last)" : "other",
            surge: .count(example.after.surge),
            unavailable: .count(0)
        )
        let most = example.before.replicas + example.before.surge
        let sets = example.sizes.enumerated().map { index, size in
            (set("v\(index + 1)", size, number: index + 1, of: example.before.replicas, most: most), 0)
        }
        let result = plan(spec, sets)
        #expect((1...last).map { result["hello-v\($0)"] } == example.expected)
    }

    /// `failed rs update` of the same table: a set that missed the last change catches up.
    @Test func `a set that was not scaled with the others follows`() {
        let sets = [
            (set("v1", 1, number: 1, of: 5, most: 5), 0), (set("v2", 1, number: 2, of: 3, most: 3), 0),
            (set("v3", 2, number: 3, of: 5, most: 5), 0),
        ]
        let result = plan(spec(5, "v3", surge: .count(0), unavailable: .count(0)), sets)
        #expect(result == ["hello-v1": 1, "hello-v2": 2, "hello-v3": 2])
    }

    // MARK: - History

    @Test func `the oldest unused revisions are forgotten when the new one serves`() {
        var spec = spec(1, "v4")
        spec.revisionHistoryLimit = 1
        let old = (1...3).map { (set("v\($0)", 0, number: $0, of: 1), available: 0) }
        #expect(Set(plan(spec, old + [(set("v4", 1, number: 4, of: 1), 0)]).keys).count == 4)
        #expect(
            Set(plan(spec, old + [(set("v4", 1, number: 4, of: 1), 1)]).keys) == ["hello-v3", "hello-v4"]
        )
    }

    @Test func `a template that comes back is the newest revision, with the set that it had`() {
        let sets = [set("v1", 0, number: 1, of: 2), set("v2", 2, number: 2, of: 2)]
        let plan = DeploymentPlan(spec(2, "v1"), sets: sets, pods: [:], at: Self.now)
        #expect(plan.sets.map(\.revision) == [3, 2])
        let again = DeploymentPlan(spec(2, "v1"), sets: plan.sets, pods: [:], at: Self.now)
        #expect(again.sets.map(\.revision) == [3, 2])
    }

    // MARK: - Pods

    @Test func `what serves least is deleted first`() {
        func pod(
            _ name: String,
            phase: PodPhase = .running,
            ready: Int? = 0,
            created: Int = 0,
            restarts: Int = 0,
            cost: Int = 0
        ) -> ReplicaPod {
            ReplicaPod(
                name,
                phase: phase,
                readySince: ready.map { Self.now + .seconds($0) },
                created: Self.now + .seconds(created),
                restarts: restarts,
                deletionCost: cost
            )
        }
        let inOrder = [
            pod("pending", phase: .pending, ready: nil), pod("unready", ready: nil, cost: 9),
            pod("cheap", cost: -1),
            pod("ready-late", ready: 5), pod("restarted", restarts: 1), pod("young", created: 5), pod("a"),
            pod("b"),
        ]
        let change = ReplicaSetChange(set("v1", 0, number: 1), inOrder.reversed())
        #expect(change.deleted == inOrder.map(\.name))
        let leaving = ReplicaPod("leaving", isTerminating: true, readySince: nil, created: Self.now)
        let ended = ReplicaPod("ended", phase: .failed, readySince: nil, created: Self.now)
        let other = ReplicaSetChange(set("v1", 3, number: 1), [inOrder[6], leaving, ended])
        #expect(other == ReplicaSetChange(created: 2, deleted: ["ended"]))
    }

    // MARK: - Words

    @Test func `rollout status has kubectl's sentences`() {
        let sets = [set("v1", 2, number: 1, of: 3), set("v2", 1, number: 2, of: 3)]
        func sentence(_ old: Int, _ new: Int, ready: Int) -> String {
            DeploymentStatus(
                spec(3),
                sets: sets,
                pods: ["hello-v1": pods(old, of: old), "hello-v2": pods(ready, of: new)],
                at: Self.now
            ).sentence
        }
        let waiting = "Waiting for deployment \"hello\" rollout to finish:"
        #expect(sentence(2, 1, ready: 1) == "\(waiting) 1 out of 3 new replicas have been updated...")
        #expect(sentence(1, 3, ready: 3) == "\(waiting) 1 old replicas are pending termination...")
        #expect(sentence(0, 3, ready: 2) == "\(waiting) 2 of 3 updated replicas are available...")
        #expect(sentence(0, 3, ready: 3) == "deployment \"hello\" successfully rolled out")
    }

    @Test func `minReadySeconds delay what is available, and the deadline what is late`() {
        var spec = spec(1)
        spec.minReady = .seconds(20)
        spec.progressDeadline = .seconds(60)
        let sets = [set("v2", 1, number: 1, of: 1)]
        var progress = DeploymentProgress(at: Self.now)
        func look(_ seconds: Int, ready: Bool) -> DeploymentStatus {
            let pod = ReplicaPod("p", readySince: ready ? Self.now + .seconds(10) : nil, created: Self.now)
            let time = Self.now + .seconds(seconds)
            let status = DeploymentStatus(spec, sets: sets, pods: ["hello-v2": [pod]], at: time)
            progress.look(at: status, spec, at: time)
            return status
        }
        _ = look(0, ready: false)
        _ = look(60, ready: false)
        #expect(progress.failure(of: "hello") == nil)
        _ = look(61, ready: false)
        #expect(progress.failure(of: "hello") == "deployment \"hello\" exceeded its progress deadline")
        #expect(look(62, ready: true).available == 1)
        #expect(progress.failure(of: "hello") == nil)
        #expect(look(29, ready: true).available == 0)
        #expect(look(30, ready: true).isComplete)
    }

    @Test func `conditions have Kubernetes' reasons`() {
        var spec = spec(2)
        let sets = [set("v2", 2, number: 1, of: 2)]
        var progress = DeploymentProgress(at: Self.now)
        func reasons(available: Int, _ seconds: Int) -> [String] {
            let time = Self.now + .seconds(seconds)
            let running = ["hello-v2": pods(available, of: 2)]
            let status = DeploymentStatus(spec, sets: sets, pods: running, at: time)
            progress.look(at: status, spec, at: time)
            return progress.conditions(status, spec, set: "hello-v2").map { condition in
                "\(condition.kind.rawValue) \(condition.isTrue.map { "\($0)" } ?? "unknown") \(condition.reason)"
            }
        }
        let missing = "Available false MinimumReplicasUnavailable"
        #expect(reasons(available: 1, 0) == [missing, "Progressing true ReplicaSetUpdated"])
        #expect(reasons(available: 1, 601) == [missing, "Progressing false ProgressDeadlineExceeded"])
        let enough = "Available true MinimumReplicasAvailable"
        #expect(reasons(available: 2, 602) == [enough, "Progressing true NewReplicaSetAvailable"])
        spec.isPaused = true
        #expect(reasons(available: 2, 603) == [enough, "Progressing unknown DeploymentPaused"])
    }

    @Test func `a manifest's strategy is read, with Kubernetes' defaults`() throws {
        func read(_ spec: Node) throws -> DeploymentSpec {
            try #require(DeploymentSpec(object(.deployment, "hello", ["spec": spec])))
        }
        let usual = try read(["template": Self.template("v1")])
        #expect((usual.replicas, usual.strategy, usual.revisionHistoryLimit) == (1, .usual, 10))
        #expect((usual.progressDeadline, usual.minReady, usual.isPaused) == (.seconds(600), .zero, false))
        let given = try read([
            "replicas": 4, "paused": true, "minReadySeconds": 3,
            "strategy": ["rollingUpdate": ["maxSurge": "50%", "maxUnavailable": 0]],
        ])
        #expect(given.strategy == .rollingUpdate(maxSurge: .percent(50), maxUnavailable: .count(0)))
        #expect((given.isPaused, given.minReady) == (true, .seconds(3)))
        #expect(try read(["strategy": ["type": "Recreate"]]).strategy == .recreate)
    }
}

extension ReplicaSetChange {
    fileprivate init(created: Int, deleted: [String]) {
        self.init(
            ReplicaSet(
                name: "",
                hash: "",
                template: [:],
                replicas: created,
                revision: 0,
                number: 0,
                share: .init(replicas: 0, most: 0)
            ),
            []
        )
        self.deleted = deleted
    }
}
