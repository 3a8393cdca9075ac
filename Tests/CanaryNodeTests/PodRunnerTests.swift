// SPDX-License-Identifier: Apache-2.0

import CanaryReplicas
import CanaryResources
import CanarySystem
import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryNode

/// Pods of real processes, in a clock of their own: it goes on only when a test says so.
@Suite struct PodRunnerTests {
    private let scratch: ScratchDirectory
    private let place: NodePlace

    init() throws {
        scratch = try ScratchDirectory()
        place = NodePlace(
            program: builtProgram,
            logDirectory: scratch.path("logs"),
            groups: ControlGroups(name: "none", membership: "", mounts: "")
        )
    }

    private func pod(_ spec: String) throws -> PodRunner {
        let template = try JSONReader.read(
            Array("{\"metadata\": {\"labels\": {\"app\": \"web\"}}, \"spec\": \(spec)}".utf8)
        )
        let context = PodContext(
            name: "web-1",
            namespace: "default",
            uid: "u1",
            nodeName: "here",
            address: "127.0.0.1",
            ports: [80: 4711],
            inherited: ["PATH": "/usr/bin:/bin"]
        )
        return PodRunner(PodSpec(template), context, at: place, now: moment(0))
    }

    private func moment(_ seconds: Int64) -> TimePoint { TimePoint(milliseconds: seconds * 1000) }

    private var logs: String { scratch.path("logs/default_web-1_u1") }

    private func log(_ name: String) -> String {
        let bytes = (try? FileReader.read(path: "\(logs)/\(name)").get()) ?? []
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
            .map { $0.split(separator: " ", maxSplits: 3)[3] }.joined(separator: "\n")
    }

    /// Hears the supervisors until something holds.
    @discardableResult
    private func settle(_ pod: PodRunner, at seconds: Int64 = 0, until holds: () -> Bool) -> [PodRunner.Wish]
    {
        var wishes: [PodRunner.Wish] = []
        while !holds() {
            var polled = pod.descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            guard !polled.isEmpty, poll(&polled, nfds_t(polled.count), 20_000) > 0 else {
                Issue.record("nothing happens any more: \(pod.life.statusColumn)")
                return wishes
            }
            wishes += pod.takeNews(at: moment(seconds))
        }
        return wishes
    }

    @Test func runsInitContainersFirstAndHandsOverPorts() throws {
        let pod = try pod(
            """
            {"initContainers": [{"name": "first", "command": ["sh", "-c", "echo before"]}],
             "containers": [{"name": "web", "ports": [{"containerPort": 80, "name": "http"}],
               "command": ["sh", "-c", "echo $PORT $PORT_HTTP $0; exec sleep 1000", "$(PORT)"]}]}
            """
        )
        #expect(pod.tick(at: moment(0)).isEmpty)
        settle(pod) { pod.life.isReady }
        #expect(log("first/0.log") == "before")
        while log("web/0.log").isEmpty { sched_yield() }
        #expect(log("web/0.log") == "4711 4711 4711")
        #expect(pod.life.statusColumn == "Running")
    }

    @Test func endsInOrderWhenDeleted() throws {
        let pod = try pod(
            """
            {"containers": [{"name": "web", "lifecycle": {"preStop": {"exec": {"command": ["sh", "-c", "echo"]}}},
              "command": ["sh", "-c", "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.01; done"]}]}
            """
        )
        _ = pod.tick(at: moment(0))
        settle(pod) { pod.life.isReady }
        while log("web/0.log") != "up" { sched_yield() }
        #expect(pod.handle(.delete(gracePeriod: nil), at: moment(1)).contains(.drain))
        #expect(!pod.life.isReady)
        var wishes = pod.handle(.drained, at: moment(1))
        wishes += settle(pod, at: 1) { pod.descriptors.isEmpty }
        #expect(wishes.last == .remove)
        #expect(log("web/0.log") == "up\nbye")
    }

    @Test func killsWhatDoesNotEndInTime() throws {
        let pod = try pod(
            """
            {"terminationGracePeriodSeconds": 5, "containers": [{"name": "web",
              "command": ["sh", "-c", "trap '' TERM; echo up; while :; do sleep 1; done"]}]}
            """
        )
        _ = pod.tick(at: moment(0))
        settle(pod) { pod.life.isReady }
        while log("web/0.log") != "up" { sched_yield() }
        _ = pod.handle(.delete(gracePeriod: nil), at: moment(1))
        _ = pod.handle(.drained, at: moment(1))
        #expect(pod.nextTime == moment(6))
        var wishes = pod.tick(at: moment(6))
        wishes += settle(pod, at: 6) { pod.descriptors.isEmpty }
        #expect(wishes.last == .remove)
    }

    @Test func startsAgainWithBackOffAndKeepsTheLogBefore() throws {
        let pod = try pod(
            "{\"containers\": [{\"name\": \"web\", \"command\": [\"sh\", \"-c\", \"echo x; exit 3\"]}]}"
        )
        _ = pod.tick(at: moment(0))
        settle(pod) { pod.descriptors.isEmpty }
        _ = pod.tick(at: moment(0))
        settle(pod) { pod.descriptors.isEmpty }
        #expect(pod.life.statusColumn == "CrashLoopBackOff")
        #expect(pod.nextTime == moment(10))
        _ = pod.tick(at: moment(10))
        settle(pod, at: 10) { pod.descriptors.isEmpty }
        #expect(pod.life.restarts == 2)
        // Of three runs the last two.
        #expect(try FileReader.names(in: logs + "/web").get() == ["1.log", "2.log"])
    }

    @Test func probesByCommand() throws {
        let ready = scratch.path("ready")
        let pod = try pod(
            """
            {"containers": [{"name": "web", "command": ["sleep", "1000"],
              "readinessProbe": {"periodSeconds": 2, "exec": {"command": ["cat", "\(ready)"]}}}]}
            """
        )
        _ = pod.tick(at: moment(0))
        let wishes = settle(pod) { pod.life.nextTime == moment(2) }
        #expect(!pod.life.isReady)
        let told = wishes.contains { wish in
            if case .event(let event) = wish {
                event.reason == "Unhealthy" && event.message.contains("No such file")
            } else {
                false
            }
        }
        #expect(told)
        try scratch.write("", to: "ready")
        _ = pod.tick(at: moment(2))
        settle(pod, at: 2) { pod.life.isReady }
    }

    @Test func handsNetworkProbesToTheNode() throws {
        let pod = try pod(
            """
            {"containers": [{"name": "web", "command": ["sleep", "1000"], "ports": [{"containerPort": 80, "name": "http"}],
              "readinessProbe": {"httpGet": {"path": "/up", "port": "http"}}}]}
            """
        )
        var wishes = pod.tick(at: moment(0))
        wishes += settle(pod) { pod.life.statusColumn == "Running" }
        guard case .ask(let network)? = wishes.last(where: { if case .ask = $0 { true } else { false } })
        else {
            Issue.record("no question: \(wishes)")
            return
        }
        #expect(network.port == 4711 && network.kind == .http(path: "/up", headers: [], isTLS: false))
        _ = pod.hear(nil, from: network.question, at: moment(0))
        #expect(pod.life.isReady)
    }

    @Test func tellsWhyNothingRuns() throws {
        let pod = try pod("{\"containers\": [{\"name\": \"web\", \"image\": \"registry/app:1\"}]}")
        let wishes = pod.tick(at: moment(0))
        #expect(pod.life.statusColumn == "CreateContainerError")
        let told = wishes.contains {
            if case .event(let event) = $0 { event.message.contains("canaryctl images set") } else { false }
        }
        #expect(told)
    }

    @Test func isAnObjectWithItsOwnPorts() throws {
        let template = try JSONReader.read(
            Array(
                "{\"spec\": {\"containers\": [{\"name\": \"web\", \"command\": [\"sleep\", \"9\"], \"ports\": [{\"containerPort\": 80}]}]}}"
                    .utf8
            )
        )
        let context = PodContext(
            name: "web-1",
            namespace: "shop",
            uid: "u1",
            nodeName: "here",
            address: "127.0.0.1",
            ports: [80: 4711]
        )
        let life = PodLife(PodSpec(template), at: moment(5))
        let object = PodObject(context: context, template: template, owner: "web-abc", wallOffset: 1_000_000)
        let pod = try #require(object.resource(of: life, version: 3).pod)
        #expect(pod.usesHostNetwork && pod.address == "127.0.0.1" && !pod.isReady)
        #expect(pod.template.containers.first?.ports.first?.hostPort == 4711)
    }
}
