// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryNode

/// Real processes under the built program's supervisor.
@Suite struct SupervisorTests {
    private let scratch: ScratchDirectory

    init() throws { scratch = try ScratchDirectory() }

    private func start(
        _ command: String...,
        environment: [String: String] = ["PATH": "/usr/bin:/bin"],
        change: (inout SupervisedContainer) -> Void = { _ in }
    ) throws -> SupervisedRun {
        var container = SupervisedContainer(command: command, log: scratch.path("log"))
        change(&container)
        return try SupervisedRun(container, program: builtProgram, environment: environment)
    }

    /// What the supervisor says next.
    private func next(_ run: SupervisedRun) -> SupervisedRun.News {
        while true {
            let news = run.next()
            guard news == .nothing else { return news }
            var polled = pollfd(fd: run.descriptor, events: Int16(POLLIN), revents: 0)
            poll(&polled, 1, 10_000)
        }
    }

    private func started(_ run: SupervisedRun) throws -> Int32 {
        guard case .report(.started(let pid)) = next(run) else { throw Unexpected() }
        return pid
    }

    private struct Unexpected: Error {}

    private func log(_ name: String = "log") -> [String] {
        let bytes = (try? FileReader.read(path: scratch.path(name)).get()) ?? []
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { line in
            line.split(separator: " ", maxSplits: 2).dropFirst().joined(separator: " ")
        }
    }

    @Test func keepsOutputAndTellsTheEnd() throws {
        let run = try start("sh", "-c", "echo one; echo two >&2; printf three; exit 3")
        _ = try started(run)
        #expect(next(run) == .report(.ended(.exited(3), outOfMemory: false)))
        #expect(next(run) == .gone)
        #expect(log() == ["stdout F one", "stdout F two", "stdout F three"])
    }

    @Test func tellsWhyNothingCouldBeStarted() throws {
        var run = try start("no-such-program")
        #expect(next(run) == .report(.failed(LaunchFailure(.find, ENOENT))))
        #expect(next(run) == .gone)
        run = try start("true") { $0.workingDirectory = "/no/such/directory" }
        #expect(next(run) == .report(.failed(LaunchFailure(.changeDirectory, ENOENT))))
        run = try start("/etc/passwd")
        #expect(next(run) == .report(.failed(LaunchFailure(.execute, EACCES))))
    }

    @Test func handsOverEnvironmentAndDirectory() throws {
        let run = try start(
            "sh",
            "-c",
            "echo $GREETING; pwd",
            environment: ["PATH": "/bin", "GREETING": "hi"]
        ) {
            $0.workingDirectory = "/usr"
        }
        _ = try started(run)
        #expect(next(run) == .report(.ended(.exited(0), outOfMemory: false)))
        #expect(log() == ["stdout F hi", "stdout F /usr"])
    }

    /// A container that ignores SIGTERM is ended by the order to kill, and by nothing else.
    @Test func killsWhatIgnoresSignals() throws {
        let run = try start("sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done")
        _ = try started(run)
        while log() != ["stdout F ready"] { sched_yield() }
        run.send(.signal(SIGTERM))
        run.send(.execute(id: 1, milliseconds: 10_000, command: ["true"]))
        #expect(next(run) == .report(.executed(id: 1, .exited(0), output: "")))
        run.send(.kill)
        #expect(next(run) == .report(.ended(.signaled(SIGKILL), outOfMemory: false)))
    }

    /// Daemons that leave the container's session and lose their parent end with its first process.
    @Test func leavesNoDescendants() throws {
        let mark = "48\(getpid())"
        let run = try start(
            "sh",
            "-c",
            "setsid sh -c 'setsid sleep \(mark) & sleep \(mark)' & echo $!; sleep 0.2"
        )
        _ = try started(run)
        #expect(next(run) == .report(.ended(.exited(0), outOfMemory: false)))
        #expect(!isRunning("sleep\0\(mark)"))
    }

    /// Nothing outlives the node, whose end closes the connection.
    @Test func endsWithItsNode() throws {
        let mark = "49\(getpid())"
        var run: SupervisedRun? = try start("sh", "-c", "(setsid sleep \(mark) &); exec sleep \(mark)")
        let pid = try started(try #require(run))
        while !isRunning("sleep\0\(mark)") { sched_yield() }
        run = nil
        #expect(ProcessIdentity(of: pid) == nil)
        #expect(!isRunning("sleep\0\(mark)"))
    }

    /// When the supervisor itself is killed, the kernel kills the container's first process.
    @Test func endsWithItsSupervisor() throws {
        let run = try start("sleep", "1000")
        let process = try #require(ProcessIdentity(of: try started(run)))
        kill(run.pid, SIGKILL)
        #expect(next(run) == .gone)
        while process.isRunning { sched_yield() }
    }

    @Test func runsCommandsBesideTheContainer() throws {
        let run = try start("sleep", "1000")
        _ = try started(run)
        run.send(.execute(id: 1, milliseconds: 10_000, command: ["sh", "-c", "echo out; exit 4"]))
        #expect(next(run) == .report(.executed(id: 1, .exited(4), output: "out\n")))
        run.send(.execute(id: 2, milliseconds: 50, command: ["sleep", "1000"]))
        #expect(next(run) == .report(.executed(id: 2, nil, output: "")))
        run.send(.execute(id: 3, milliseconds: 50, command: ["no-such-program"]))
        #expect(next(run) == .report(.notExecuted(id: 3, LaunchFailure(.find, ENOENT))))
        run.send(.kill)
        #expect(next(run) == .report(.ended(.signaled(SIGKILL), outOfMemory: false)))
    }

    @Test(.enabled(if: getuid() == 0)) func becomesAnotherUser() throws {
        let run = try start("sh", "-c", "id -u; id -g; id -G") {
            $0.user = SupervisedContainer.User(user: 65534, group: 65533)
        }
        _ = try started(run)
        #expect(next(run) == .report(.ended(.exited(0), outOfMemory: false)))
        #expect(log() == ["stdout F 65534", "stdout F 65533", "stdout F 65533"])
    }

    private func isRunning(_ command: String) -> Bool {
        ((try? FileReader.names(in: "/proc").get()) ?? []).contains { name in
            guard Int32(name) != nil, let bytes = try? FileReader.read(path: "/proc/\(name)/cmdline").get()
            else {
                return false
            }
            return String(decoding: bytes, as: UTF8.self) == command + "\0"
        }
    }
}
