// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryTestSupport
import Testing

@testable import CanaryReplicas

/// A pod's life with a clock that the test has.
@Suite struct PodLifeTests {
    /// A pod and the second that it is.
    private struct Subject {
        var pod: PodLife
        var second = 0
        var events: [ObjectEvent] = []

        init(_ spec: Node) { pod = PodLife(PodSpec(["spec": spec]), at: TimePoint(milliseconds: 0)) }

        var now: TimePoint { TimePoint(milliseconds: Int64(second) * 1000) }

        mutating func at(_ second: Int, _ input: PodInput) -> [PodAction] {
            self.second = second
            let outcome = pod.handle(input, at: now)
            events += outcome.events
            return outcome.actions
        }

        /// When it wants to be looked at next.
        var next: Int? { pod.nextTime.map { Int($0.milliseconds / 1000) } }
    }

    private func run(_ name: String = "app", _ number: Int = 1) -> ContainerRun { ContainerRun(name, number) }

    private static let plain: Node = ["containers": [["name": "app", "command": ["x"]]]]

    private func running(_ spec: Node = plain) -> Subject {
        var subject = Subject(spec)
        _ = subject.at(0, .tick)
        _ = subject.at(0, .started(run()))
        return subject
    }

    // MARK: - Beginning

    @Test func `a container without probes is ready when it runs`() {
        var subject = Subject(Self.plain)
        #expect(subject.pod.statusColumn == "ContainerCreating")
        #expect(subject.at(0, .tick) == [.start(run())])
        #expect((subject.pod.phase, subject.pod.isReady) == (.pending, false))
        #expect(subject.at(1, .started(run())) == [])
        #expect((subject.pod.phase, subject.pod.statusColumn) == (.running, "Running"))
        #expect(subject.pod.readiness == .init(isReady: true, since: subject.now))
        #expect(subject.pod.readyColumn == "1/1")
        #expect(subject.next == nil)
    }

    @Test func `init containers come one after the other, sidecars stay`() {
        var subject = Subject([
            "initContainers": [
                ["name": "one"], ["name": "side", "restartPolicy": "Always"], ["name": "two"],
            ],
            "containers": [["name": "app"]],
        ])
        #expect(subject.at(0, .tick) == [.start(run("one"))])
        #expect(subject.pod.statusColumn == "Init:0/3")
        _ = subject.at(0, .started(run("one")))
        #expect(subject.at(1, .exited(run("one"), .status(0))) == [.start(run("side"))])
        #expect(subject.pod.statusColumn == "Init:1/3")
        #expect(subject.at(2, .started(run("side"))) == [.start(run("two"))])
        _ = subject.at(3, .started(run("two")))
        #expect(subject.at(4, .exited(run("two"), .status(1))) == [.start(run("two", 2))])
        #expect(subject.pod.statusColumn == "Init:Error")
        _ = subject.at(5, .started(run("two", 2)))
        #expect(subject.at(6, .exited(run("two", 2), .signal(9))) == [])
        #expect(subject.pod.statusColumn == "Init:CrashLoopBackOff")
        #expect(subject.next == 16)
        #expect(subject.at(16, .tick) == [.start(run("two", 3))])
        _ = subject.at(16, .started(run("two", 3)))
        // A sidecar that ends is started again, and nothing waits for it twice.
        #expect(subject.at(17, .exited(run("side"), .status(0))) == [.start(run("side", 2))])
        #expect(subject.at(18, .exited(run("two", 3), .status(0))) == [.start(run("app"))])
        _ = subject.at(19, .started(run("app")))
        #expect((subject.pod.readyColumn, subject.pod.statusColumn) == ("1/2", "Running"))
        _ = subject.at(19, .started(run("side", 2)))
        #expect(subject.pod.readyColumn == "2/2")
        #expect(subject.pod.restarts == 3)
    }

    @Test func `what could not be started has no log`() {
        var subject = Subject(Self.plain)
        _ = subject.at(0, .tick)
        _ = subject.at(0, .startFailed(run(), reason: "RunContainerError", message: "no room"))
        #expect(subject.at(10, .tick) == [.start(run("app", 2))])
        #expect(subject.pod.containers[0].logNumber == 0)
        _ = subject.at(10, .started(run("app", 2)))
        // Readers find the log by the count of restarts.
        #expect((subject.pod.containers[0].logNumber, subject.pod.restarts) == (0, 0))
        #expect(subject.at(600, .exited(run("app", 2), .status(1))) == [])
        #expect(subject.pod.containers[0].logNumber == 1)
        _ = subject.at(700, .tick)
        _ = subject.at(700, .started(run("app", 3)))
        #expect((subject.pod.containers[0].logNumber, subject.pod.restarts) == (1, 1))
    }

    @Test func `what cannot be started says why, and is tried again`() {
        var subject = Subject(Self.plain)
        _ = subject.at(0, .tick)
        let failure = PodInput.startFailed(run(), reason: "CreateContainerConfigError", message: "no key")
        #expect(subject.at(0, failure) == [])
        #expect(subject.pod.statusColumn == "CreateContainerConfigError")
        #expect(subject.events == [.init(warning: "Failed", "Error: no key")])
        #expect(subject.at(9, .tick) == [])
        #expect(subject.at(10, .tick) == [.start(run("app", 2))])
        _ = subject.at(10, .started(run("app", 2)))
        #expect((subject.pod.statusColumn, subject.pod.restarts) == ("Running", 0))
    }

    // MARK: - Ending by itself

    /// At once, then after 10, 20, 40 … 300 seconds; ten minutes of running are a new beginning.
    @Test func `a crash loop backs off as the kubelet does`() {
        var subject = running()
        var number = 1
        var waits: [Int] = []
        for _ in 0..<8 {
            let end = subject.second + 1
            let actions = subject.at(end, .exited(run("app", number), .status(1)))
            if actions.isEmpty {
                #expect(subject.pod.statusColumn == "CrashLoopBackOff")
                #expect(subject.pod.phase == .running)
                _ = subject.at(subject.next ?? 0, .tick)
            }
            waits.append(subject.second - end)
            number += 1
            _ = subject.at(subject.second, .started(run("app", number)))
        }
        #expect(waits == [0, 10, 20, 40, 80, 160, 300, 300])
        #expect(subject.pod.restarts == 8)
        let later = subject.second + 601
        #expect(
            subject.at(later, .exited(run("app", number), .status(1))) == [.start(run("app", number + 1))]
        )
    }

    @Test(arguments: [
        ("Always", ContainerExit.Cause.status(0), "Completed", PodPhase.running),
        ("OnFailure", .status(0), "Completed", .succeeded),
        ("OnFailure", .signal(11), "Error", .running),
        ("Never", .status(3), "Error", .failed),
        ("Never", .outOfMemory, "OOMKilled", .failed),
    ])
    func `how a container ended decides by the restart policy`(
        _ policy: String,
        _ cause: ContainerExit.Cause,
        _ word: String,
        _ phase: PodPhase
    ) {
        var subject = running([
            "restartPolicy": .string(policy), "containers": [["name": "app"]],
        ])
        let actions = subject.at(5, .exited(run(), cause))
        #expect(actions == (phase == .running ? [.start(run("app", 2))] : []))
        #expect((subject.pod.statusColumn, subject.pod.phase) == (word, phase))
        #expect(!subject.pod.isReady)
    }

    @Test func `sidecars end with what they are there for`() {
        var subject = Subject([
            "restartPolicy": "Never", "initContainers": [["name": "side", "restartPolicy": "Always"]],
            "containers": [["name": "app"]],
        ])
        _ = subject.at(0, .tick)
        _ = subject.at(0, .started(run("side")))
        _ = subject.at(0, .started(run("app")))
        #expect(subject.at(1, .exited(run("app"), .status(0))) == [.terminate(run("side"))])
        #expect(subject.at(2, .exited(run("side"), .status(0))) == [])
        #expect((subject.pod.phase, subject.pod.statusColumn, subject.next) == (.succeeded, "Completed", nil))
    }

    // MARK: - Probes

    private static let probed: Node = [
        "terminationGracePeriodSeconds": 20,
        "containers": [
            [
                "name": "app",
                "startupProbe": ["exec": ["command": ["s"]], "periodSeconds": 2, "failureThreshold": 2],
                "readinessProbe": [
                    "exec": ["command": ["r"]], "periodSeconds": 5, "failureThreshold": 2,
                    "successThreshold": 2,
                    "initialDelaySeconds": 3,
                ],
                "livenessProbe": ["exec": ["command": ["l"]], "terminationGracePeriodSeconds": 4],
            ]
        ],
    ]

    private func answer(_ kind: ProbeKind, _ isSuccess: Bool, _ number: Int = 1) -> PodInput {
        .probed(run("app", number), kind, isSuccess: isSuccess, message: "refused")
    }

    @Test func `probes begin when startup has passed, and thresholds decide`() {
        var subject = Subject(Self.probed)
        _ = subject.at(0, .tick)
        #expect(subject.at(0, .started(run())) == [.probe(run(), .startup)])
        #expect(subject.at(1, answer(.startup, false)) == [])
        let early = "Startup probe failed: refused"
        #expect(subject.events.last == .init(warning: "Unhealthy", early, isExpected: true))
        #expect(subject.next == 2)
        #expect(subject.at(2, .tick) == [.probe(run(), .startup)])
        #expect(subject.at(2, answer(.startup, true)) == [.probe(run(), .liveness)])
        #expect(subject.next == 3)
        #expect(subject.at(3, .tick) == [.probe(run(), .readiness)])
        #expect(subject.at(3, answer(.readiness, true)) == [])
        #expect(!subject.pod.isReady)
        #expect(subject.at(8, .tick) == [.probe(run(), .readiness)])
        _ = subject.at(8, answer(.readiness, true))
        #expect(subject.pod.isReady)
        _ = subject.at(13, .tick)
        _ = subject.at(13, answer(.readiness, false))
        #expect(subject.pod.isReady)
        _ = subject.at(18, .tick)
        _ = subject.at(18, answer(.readiness, false))
        #expect((subject.pod.isReady, subject.pod.statusColumn) == (false, "Running"))
        #expect(subject.events.last == .init(warning: "Unhealthy", "Readiness probe failed: refused"))
    }

    @Test func `a slow answer delays the next question, and none is asked twice`() {
        var subject = Subject(Self.probed)
        _ = subject.at(0, .tick)
        _ = subject.at(0, .started(run()))
        #expect(subject.at(1, .tick) == [])
        #expect(subject.at(30, .tick) == [])
        #expect(subject.at(30, answer(.startup, false)) == [.probe(run(), .startup)])
    }

    @Test func `liveness that fails restarts the container, with the probe's own grace`() {
        var subject = Subject(Self.probed)
        _ = subject.at(0, .tick)
        _ = subject.at(0, .started(run()))
        _ = subject.at(0, answer(.startup, true))
        for time in [0, 10] {
            #expect(subject.at(time, answer(.liveness, false)) == [])
            _ = subject.at(time + 10, .tick)
        }
        #expect(subject.at(20, answer(.liveness, false)) == [.terminate(run())])
        #expect(
            subject.events.contains(
                .init(normal: "Killing", "Container app failed liveness probe, will be restarted")
            )
        )
        #expect(subject.next == 24)
        #expect(subject.at(24, .tick) == [.kill(run())])
        #expect(subject.at(24, .tick) == [])
        #expect(subject.at(25, .exited(run(), .signal(9))) == [.start(run("app", 2))])
        _ = subject.at(25, .started(run("app", 2)))
        // An answer about the run before is about nothing.
        #expect(subject.at(25, answer(.startup, true, 1)) == [])
        #expect(subject.pod.containers[0].isStarted == false)
    }

    @Test func `startup that fails restarts the container, too`() {
        var subject = Subject(Self.probed)
        _ = subject.at(0, .tick)
        _ = subject.at(0, .started(run()))
        _ = subject.at(0, answer(.startup, false))
        _ = subject.at(2, .tick)
        #expect(subject.at(2, answer(.startup, false)) == [.terminate(run())])
        #expect(subject.next == 22)
    }

    // MARK: - Being ended

    @Test func `a pod that leaves is not ready, drained, told, and killed, in this order`() {
        var subject = running()
        #expect(subject.at(5, .delete(gracePeriod: nil)) == [.drain])
        #expect((subject.pod.isReady, subject.pod.statusColumn) == (false, "Terminating"))
        #expect(subject.at(6, .tick) == [])
        #expect(subject.at(7, .drained) == [.terminate(run())])
        #expect(subject.at(34, .tick) == [])
        #expect(subject.next == 35)
        #expect(subject.at(35, .tick) == [.kill(run())])
        #expect(subject.at(36, .exited(run(), .signal(9))) == [.remove])
        #expect(subject.at(40, .tick) == [])
    }

    @Test func `the hook comes before the signal, and both within the grace period`() {
        let spec: Node = [
            "terminationGracePeriodSeconds": 10,
            "containers": [["name": "app", "lifecycle": ["preStop": ["sleep": ["seconds": 3]]]]],
        ]
        var patient = running(spec)
        #expect(patient.at(0, .delete(gracePeriod: nil)) == [.drain, .runHook(run(), .preStop)])
        #expect(patient.at(1, .drained) == [])
        #expect(patient.at(3, .hookEnded(run(), .preStop, failure: nil)) == [.terminate(run())])
        #expect(patient.next == 10)

        // Who takes too long is told at the end, and has two seconds.
        var slow = running(spec)
        _ = slow.at(0, .delete(gracePeriod: nil))
        #expect(slow.next == 10)
        #expect(slow.at(10, .tick) == [.terminate(run())])
        #expect(slow.at(12, .tick) == [.kill(run())])
    }

    @Test func `a second deletion only hurries`() {
        var subject = running()
        _ = subject.at(0, .delete(gracePeriod: .seconds(100)))
        _ = subject.at(0, .drained)
        #expect(subject.next == 100)
        _ = subject.at(1, .delete(gracePeriod: .seconds(200)))
        #expect(subject.next == 100)
        #expect(subject.at(2, .delete(gracePeriod: .zero)) == [.kill(run())])
    }

    @Test func `what is only starting is ended when it has started, what waits at once`() {
        var starting = Subject(Self.plain)
        _ = starting.at(0, .tick)
        _ = starting.at(0, .delete(gracePeriod: nil))
        #expect(starting.at(0, .drained) == [])
        #expect(starting.at(1, .started(run())) == [.terminate(run())])

        var waiting = Subject(Self.plain)
        _ = waiting.at(0, .tick)
        _ = waiting.at(0, .startFailed(run(), reason: "CreateContainerError", message: ""))
        #expect(waiting.at(1, .delete(gracePeriod: nil)) == [.drain, .remove])
    }

    @Test func `a container is up when its postStart hook is through`() {
        let spec: Node = [
            "containers": [["name": "app", "lifecycle": ["postStart": ["exec": ["command": ["x"]]]]]]
        ]
        var subject = Subject(spec)
        _ = subject.at(0, .tick)
        #expect(subject.at(0, .started(run())) == [.runHook(run(), .postStart)])
        #expect(!subject.pod.isReady)
        var failing = subject
        _ = subject.at(1, .hookEnded(run(), .postStart, failure: nil))
        #expect(subject.pod.isReady)
        #expect(failing.at(1, .hookEnded(run(), .postStart, failure: "exit 1")) == [.terminate(run())])
        #expect(failing.events.contains(.init(warning: "FailedPostStartHook", "exit 1")))
    }

    @Test func `sidecars are told last`() {
        var subject = Subject([
            "initContainers": [["name": "side", "restartPolicy": "Always"]], "containers": [["name": "app"]],
        ])
        _ = subject.at(0, .tick)
        _ = subject.at(0, .started(run("side")))
        _ = subject.at(0, .started(run("app")))
        _ = subject.at(1, .delete(gracePeriod: nil))
        #expect(subject.at(1, .drained) == [.terminate(run("app"))])
        #expect(subject.at(2, .exited(run("app"), .status(0))) == [.terminate(run("side"))])
        #expect(subject.at(3, .exited(run("side"), .status(0))) == [.remove])
    }

    @Test func `autoscalers and deployments see what they count`() {
        var pod = PodLife(
            PodSpec([
                "metadata": ["annotations": ["controller.kubernetes.io/pod-deletion-cost": "-7"]],
                "spec": ["containers": [["name": "app", "resources": ["requests": ["cpu": "100m"]]]]],
            ]),
            at: TimePoint(milliseconds: 1000)
        )
        _ = pod.handle(.tick, at: TimePoint(milliseconds: 1000))
        let early = ReplicaPod("p", pod)
        #expect((early.phase, early.readySince, early.deletionCost) == (.pending, nil, -7))
        _ = pod.handle(.started(run()), at: TimePoint(milliseconds: 3000))
        let late = ReplicaPod("p", pod)
        #expect((late.created.milliseconds, late.readySince?.milliseconds) == (1000, 3000))
        let observed = ObservedPod("p", pod)
        #expect(observed.startTime?.milliseconds == 1000)
        #expect(observed.readiness == .init(isReady: true, since: TimePoint(milliseconds: 3000)))
        #expect(observed.containers.map(\.requests) == [["cpu": MilliValue(100)]])
    }

    private static let listening: Node = [
        "spec": ["containers": [["name": "app", "command": ["x"], "ports": [["containerPort": 8080]]]]]
    ]

    @Test func `a program that does not listen is told of once, when it had time to`() {
        var life = PodLife(PodSpec(Self.listening).awaitingOpenPorts, at: TimePoint(milliseconds: 0))
        _ = life.handle(.tick, at: TimePoint(milliseconds: 0))
        _ = life.handle(.started(run()), at: TimePoint(milliseconds: 0))
        func reasons(_ second: Int64) -> [String] {
            let refused = PodInput.probed(run(), .startup, isSuccess: false, message: "connection refused")
            return life.handle(refused, at: TimePoint(milliseconds: second * 1000)).events.map(\.reason)
        }
        #expect(reasons(1) == [])
        #expect(reasons(10) == ["Unhealthy"])
        #expect(reasons(11) == [])
    }

    @Test func `what could not be started is tried at once when its configuration changed`() {
        var life = PodLife(PodSpec(Self.listening), at: TimePoint(milliseconds: 0))
        _ = life.handle(.tick, at: TimePoint(milliseconds: 0))
        let failed = PodInput.startFailed(run(), reason: "CreateContainerConfigError", message: "no Secret")
        #expect(life.handle(failed, at: TimePoint(milliseconds: 1)).actions == [])
        let outcome = life.handle(.configurationChanged, at: TimePoint(milliseconds: 2))
        #expect(outcome.actions == [.start(run("app", 2))])
    }

    @Test func `a container that ended by itself is told of, with its status`() {
        var life = PodLife(PodSpec(Self.listening), at: TimePoint(milliseconds: 0))
        _ = life.handle(.tick, at: TimePoint(milliseconds: 0))
        _ = life.handle(.started(run()), at: TimePoint(milliseconds: 0))
        let events = life.handle(.exited(run(), .status(3)), at: TimePoint(milliseconds: 5)).events
        #expect(events.first?.reason == "Exited")
        #expect(events.first?.message.hasSuffix("exit status 3") == true)
    }

    @Test func `a pod of nothing is never ready`() {
        var subject = Subject([:])
        #expect(subject.at(0, .tick) == [])
        #expect(!subject.pod.isReady)
        #expect(subject.at(0, .delete(gracePeriod: nil)) == [.drain, .remove])
    }
}
