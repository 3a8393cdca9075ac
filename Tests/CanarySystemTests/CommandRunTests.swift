// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CanaryTestSupport
import Glibc
import Testing

/// Commands that behave, and those that do not.
@Suite struct CommandRunTests {
    private func run(
        _ script: String,
        milliseconds: Int64 = 60_000,
        limit: Int = 1 << 16,
        cancelledBy cancellation: EventDescriptor? = nil
    ) -> CommandRun {
        CommandRun(
            ["sh", "-c", script],
            environment: ["PATH": "/usr/bin:/bin", "GREETING": "hello"],
            deadline: Clock.monotonicMilliseconds() + milliseconds,
            limit: limit,
            cancelledBy: cancellation
        )
    }

    @Test func `what it prints and its status come back`() {
        let run = run("echo $GREETING; echo oh >&2; cat; exit 3")
        #expect(run.end == .exited(3))
        #expect(run.output == Array("hello\n".utf8))
        #expect(run.errors == Array("oh\n".utf8))
        #expect(self.run("kill -9 $$").end == .killed(signal: SIGKILL))
    }

    @Test func `no signal is kept from it`() {
        #expect(run("kill -PIPE $$").end == .killed(signal: SIGPIPE))
    }

    @Test func `a command that is not there is told`() {
        let run = CommandRun(["/no/such/command"], environment: [:], deadline: .max)
        #expect(run.end == .notStarted(SystemCallError(ENOENT)))
        #expect(CommandRun([], environment: [:], deadline: .max).end == .notStarted(SystemCallError(ENOENT)))
    }

    @Test func `one that never ends is ended at its deadline, with all that it started`() throws {
        let scratch = try ScratchDirectory()
        let file = scratch.path + "/pids"
        // One of its own session, whose parent is gone: neither group, session nor parent leads to it.
        let script =
            "(setsid sh -c 'echo $$ >>\(file); exec sleep 1000' &); sleep 1000 & echo $! >>\(file); wait"
        let run = run(script, milliseconds: 500)
        #expect(run.end == .timedOut)
        let pids = String(decoding: try FileReader.read(path: file).get(), as: UTF8.self)
            .split(separator: "\n").compactMap { Int32($0) }
        #expect(pids.count == 2)
        #expect(pids.allSatisfy { ProcessIdentity(of: $0) == nil })
    }

    @Test func `one that leaves somebody with its pipes is not waited for longer than for itself`() {
        let run = run("sleep 1000 & echo $!")
        #expect(run.end == .exited(0))
        let pid = Int32(String(decoding: run.output.dropLast(), as: UTF8.self)) ?? 0
        #expect(pid > 0)
        #expect(ProcessIdentity(of: pid) == nil)
    }

    @Test func `one that prints without an end is ended`() {
        let run = run("yes", limit: 1000)
        #expect(run.end == .tooLong)
        #expect(run.output.count == 1000)
        #expect(self.run("yes >&2").end == .tooLong)
    }

    @Test func `one that nobody waits for any more is ended`() {
        let cancellation = EventDescriptor()
        cancellation.signal()
        #expect(run("sleep 1000", cancelledBy: cancellation).end == .cancelled)
    }
}
