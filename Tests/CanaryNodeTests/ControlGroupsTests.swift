// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryNode

/// The control groups of this machine, where tests may make some.
@Suite struct ControlGroupsTests {
    private static func make(_ name: String) -> ControlGroups {
        ControlGroups.ofThisProcess(name: "canaryctl-test-\(getpid())-\(name)")
    }

    private static func enforces(_ controller: ControlGroups.Controller) -> Bool {
        let groups = make("probe")
        defer { groups.remove() }
        return groups.enforced.contains(controller)
    }

    private let scratch: ScratchDirectory

    init() throws { scratch = try ScratchDirectory() }

    private func end(_ command: [String], _ limits: ContainerLimits, _ groups: ControlGroups) throws
        -> (ProcessEnd, outOfMemory: Bool)?
    {
        let made = groups.make("run", limits)
        let container = SupervisedContainer(command: command, log: scratch.path("log"), controlGroups: made)
        let run = try SupervisedRun(container, program: builtProgram, environment: ["PATH": "/usr/bin:/bin"])
        var end: (ProcessEnd, outOfMemory: Bool)?
        while true {
            switch run.next() {
            case .report(.ended(let how, let outOfMemory)): end = (how, outOfMemory)
            case .report: continue
            case .gone:
                #expect(made.allSatisfy { access($0, F_OK) != 0 }, "the groups are left behind")
                return end
            case .nothing:
                var polled = pollfd(fd: run.descriptor, events: Int16(POLLIN), revents: 0)
                poll(&polled, 1, 20_000)
            }
        }
    }

    @Test(.enabled(if: enforces(.memory))) func killsWhatTakesTooMuchMemory() throws {
        let groups = Self.make("memory")
        defer { groups.remove() }
        let limits = ContainerLimits(memory: 32 << 20)
        let end = try end(["python3", "-c", "x = bytearray(256 << 20); print(len(x))"], limits, groups)
        #expect(end?.0 == .signaled(SIGKILL) && end?.outOfMemory == true)
    }

    @Test(.enabled(if: enforces(.pids))) func boundsTheNumberOfProcesses() throws {
        let groups = Self.make("pids")
        defer { groups.remove() }
        var limits = ContainerLimits()
        limits.processes = 20
        // Each child waits; the first one too many ends the loop.
        let script = "import os, signal\nfor i in range(100): os.fork() or signal.pause()"
        #expect(try end(["python3", "-c", script], limits, groups)?.0 == .exited(1))
        let log = String(decoding: try FileReader.read(path: scratch.path("log")).get(), as: UTF8.self)
        #expect(log.contains("Resource temporarily unavailable"))
    }

    @Test func readsWhereTheProcessIs() {
        let groups = ControlGroups(
            name: "x",
            membership: "2:cpu,cpuacct:/a\n0::/b\n",
            mounts: "cgroup /none cgroup rw,cpu 0 0\n"
        )
        // Nothing can be made there.
        #expect(groups.enforced.isEmpty && groups.make("run", ContainerLimits(cpuMilli: 100)).isEmpty)
    }
}
