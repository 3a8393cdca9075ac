// SPDX-License-Identifier: Apache-2.0

import CanaryReplicas
import CanaryResources
import CanarySystem
import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryNode

/// Pods of real containers, in a clock of their own: it goes on only when a test says so.
@Suite(.enabled(if: Podman.isThere, "\(Podman.absence)")) struct ContainerTests {
    private let scratch: ScratchDirectory
    private let place: NodePlace
    private let ownPort: Int

    init() throws {
        scratch = try ScratchDirectory()
        place = NodePlace(
            program: builtProgram,
            logDirectory: scratch.path("logs"),
            groups: ControlGroups(name: "none", membership: "", mounts: ""),
            runtime: .auto(found: "podman"),
            store: scratch.path
        )
        let surroundings = NodeSurroundings(
            name: "here",
            environment: [:],
            now: { TimePoint(milliseconds: 0) },
            wallOffset: 0,
            makeUID: { "" }
        )
        let spec = PodSpec(["spec": ["containers": [["name": "a", "ports": [["containerPort": 8080]]]]]])
        ownPort = try #require(surroundings.ports(for: spec)[8080])
    }

    private func pod(_ container: String, _ spec: String = "") throws -> PodRunner {
        let template = try JSONReader.read(
            Array(
                """
                {"spec": {\(spec) "containers": [{"name": "web", "image": "\(Podman.image)",
                  "ports": [{"containerPort": 8080, "name": "http"}], \(container)}]}}
                """.utf8
            )
        )
        let context = PodContext(
            name: "web-1",
            namespace: "default",
            uid: UUID.random().description,
            nodeName: "here",
            address: "127.0.0.1",
            ports: [8080: ownPort],
            inherited: try #require(Podman.environment)
        )
        let pod = PodRunner(PodSpec(template), context, at: place, now: moment(0))
        _ = pod.tick(at: moment(0))
        return pod
    }

    private func moment(_ seconds: Int64) -> TimePoint { TimePoint(milliseconds: seconds * 1000) }

    /// The words of a shell's command, as an image's arguments.
    private func shell(_ script: String) -> String { "\"args\": [\"sh\", \"-c\", \"\(script)\"]" }

    private func log(of pod: PodRunner) -> [String] {
        LogTail(place.log(of: "web", run: 0, in: pod.context)).next().map(\.text)
    }

    @discardableResult
    private func settle(_ pod: PodRunner, at seconds: Int64 = 0, until holds: () -> Bool) -> [ObjectEvent] {
        var events: [ObjectEvent] = []
        while !holds() {
            var polled = pod.descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            guard !polled.isEmpty, poll(&polled, nfds_t(polled.count), 60_000) > 0 else {
                Issue.record("nothing happens any more: \(pod.life.statusColumn) \(log(of: pod))")
                return events
            }
            for case .event(let event) in pod.takeNews(at: moment(seconds)) { events.append(event) }
        }
        return events
    }

    /// What podman has of this test.
    private var kept: [String] {
        (Podman.ask("ps", "--all", "--quiet", "--filter", "label=canaryctl.dev/store=\(scratch.path)") ?? "?")
            .split(separator: "\n").map(String.init)
    }

    private func end(_ pod: PodRunner) {
        _ = pod.handle(.delete(gracePeriod: .zero), at: moment(1000))
        _ = pod.handle(.drained, at: moment(1000))
        _ = pod.tick(at: moment(1010))
        settle(pod, at: 1010) { pod.descriptors.isEmpty }
        #expect(kept.isEmpty)
    }

    @Test func `has a network, a log, variables, a directory, limits and usage of its own`() throws {
        let pod = try pod(
            """
            "workingDir": "/tmp", "env": [{"name": "GREETING", "value": "two\\nlines"}, {"name": "TERM", "value": "$(PORT)"}],
            "resources": {"limits": {"cpu": "250m", "memory": "64Mi"}},
            \(shell("pwd; echo $GREETING $TERM $PORT_HTTP; hostname; ulimit -n >/dev/null; exec httpd -f -p $PORT"))
            """
        )
        settle(pod) { pod.life.isReady }
        let url = "http://127.0.0.1:\(ownPort)/"
        #expect(eventually { CommandRun.succeeds("curl", "-s", "-o", "/dev/null", url) })
        #expect(log(of: pod) == ["/tmp", "two lines 8080 8080", "web-1"])
        let reading = ProcessUsage().reading(try #require(pod.roots["web"]))
        #expect(reading.processes == 1)
        #expect((1..<(8 << 20)).contains(reading.memory))
        let form = "{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}} {{.HostConfig.PidsLimit}}"
        let limits = Podman.ask("container", "inspect", "--format", form, try #require(kept.first))
        #expect(limits == "67108864 250000000 1024\n")
        end(pod)
    }

    @Test func `shares the machine's network where the pod does`() throws {
        let pod = try pod(shell("echo $PORT; exec httpd -f -p $PORT"), "\"hostNetwork\": true,")
        settle(pod) { pod.life.isReady }
        #expect(
            eventually {
                CommandRun.succeeds("curl", "-s", "-o", "/dev/null", "http://127.0.0.1:\(ownPort)/")
            }
        )
        #expect(log(of: pod) == ["\(ownPort)"])
        end(pod)
    }

    @Test func `its exit status and lack of memory are told`() throws {
        let never = "\"restartPolicy\": \"Never\","
        let failing = try pod(shell("echo x; exit 7"), never)
        settle(failing) { failing.descriptors.isEmpty }
        #expect(failing.life.containers[0].lastExit?.cause == .status(7))
        #expect(log(of: failing) == ["x"])
        let greedy = try pod(
            "\"resources\": {\"limits\": {\"memory\": \"16Mi\"}}, " + shell("x=a; while :; do x=$x$x; done"),
            never
        )
        settle(greedy) { greedy.descriptors.isEmpty }
        #expect(greedy.life.containers[0].lastExit?.reason == "OOMKilled")
        #expect(access("oom", F_OK) != 0)
        #expect(kept.isEmpty)
    }

    @Test func `what cannot be started says why`() throws {
        var pod = try pod("\"command\": [], \"args\": [\"/no/such/program\"]")
        var events = settle(pod) { pod.descriptors.isEmpty }
        #expect(pod.life.statusColumn == "RunContainerError")
        #expect(events.last?.message.contains("/no/such/program") == true)
        pod = try self.pod("\"image\": \"localhost/no-such-image:1\", \"imagePullPolicy\": \"Never\"")
        events = settle(pod) { pod.descriptors.isEmpty }
        #expect(pod.life.statusColumn == "ErrImagePull")
        #expect(events.last?.message.contains("no-such-image") == true)
        #expect(kept.isEmpty)
    }

    @Test func `ends in order: preStop, the image's signal, and SIGKILL when the time is over`() throws {
        let hook = "\"lifecycle\": {\"preStop\": {\"exec\": {\"command\": [\"touch\", \"/tmp/stop\"]}}},"
        let polite = try pod(
            hook + shell("trap 'ls /tmp; exit 0' TERM; echo up; while :; do sleep 0.05; done")
        )
        settle(polite) { polite.life.isReady && log(of: polite) == ["up"] || polite.descriptors.isEmpty }
        _ = polite.handle(.delete(gracePeriod: nil), at: moment(1))
        _ = polite.handle(.drained, at: moment(1))
        settle(polite, at: 1) { polite.descriptors.isEmpty }
        #expect(log(of: polite) == ["up", "stop"])
        let stubborn = try pod(shell("trap '' TERM; while :; do sleep 1; done"))
        settle(stubborn) { stubborn.life.isReady }
        _ = stubborn.handle(.delete(gracePeriod: .seconds(5)), at: moment(1))
        _ = stubborn.handle(.drained, at: moment(1))
        #expect(stubborn.nextTime == moment(6))
        _ = stubborn.tick(at: moment(6))
        settle(stubborn, at: 6) { stubborn.descriptors.isEmpty }
        #expect(kept.isEmpty)
    }

    @Test func `a probe's command runs in it, and leaves nothing when it takes too long`() throws {
        let pod = try pod(
            """
            "readinessProbe": {"periodSeconds": 5, "timeoutSeconds": 1, "exec": {"command": ["sh", "-c",
              "test -e /tmp/ready && exit 0; touch /tmp/ready; exec sleep 4711"]}},
            \(shell("while :; do sleep 1; done"))
            """
        )
        let events = settle(pod) { pod.life.nextTime == moment(5) }
        #expect(events.last?.message == "Readiness probe failed: the command took too long")
        let name = try #require(kept.first)
        #expect(eventually { Podman.ask("exec", name, "ps").map { !$0.contains("sleep 4711") } ?? false })
        _ = pod.tick(at: moment(5))
        settle(pod, at: 5) { pod.life.isReady }
        end(pod)
    }

    @Test func `it ends with its supervisor, and with its node`() throws {
        let killed = try pod(shell("exec sleep 1000"), "\"restartPolicy\": \"Never\",")
        settle(killed) { killed.life.isReady }
        let supervisor = try #require(killed.supervisors.first)
        kill(supervisor, SIGKILL)
        settle(killed) { killed.descriptors.isEmpty }
        #expect(killed.life.containers[0].lastExit?.code == 137)
        #expect(kept.isEmpty)
        var abandoned: PodRunner? = try pod(shell("exec sleep 1000"))
        settle(try #require(abandoned)) { abandoned?.life.isReady ?? true }
        #expect(kept.count == 1)
        // The connection ends, as when a node is killed.
        abandoned = nil
        #expect(eventually { kept.isEmpty })
    }

    @Test func `what nobody could remove is removed by the next node`() throws {
        let environment = try #require(Podman.environment)
        let label = "canaryctl.dev/store=\(scratch.path)"
        let words = [
            "run", "--detach", "--stop-timeout", "0", "--label", label, Podman.image, "sleep", "1000",
        ]
        try #require(Podman.ask(words) != nil)
        try ContainerTool("podman", store: scratch.path("other"), environment: environment).removeLeftovers()
        #expect(kept.count == 1)
        let tool = ContainerTool.find(store: scratch.path, environment: environment)
        #expect(tool?.name == "podman")
        tool?.removeLeftovers()
        #expect(kept.isEmpty)
    }
}

extension CommandRun {
    fileprivate static func succeeds(_ words: String...) -> Bool {
        let end = CommandRun(
            words,
            environment: ["PATH": "/usr/bin:/bin"],
            deadline: Clock.monotonicMilliseconds() + 5000
        ).end
        return end == .exited(0)
    }
}

/// Whether something becomes true within a minute.
private func eventually(_ isSo: () throws -> Bool) rethrows -> Bool {
    let end = Clock.monotonicMilliseconds() + 60_000
    while Clock.monotonicMilliseconds() < end {
        if try isSo() { return true }
        usleep(50_000)
    }
    return false
}
