// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CLinux
import Glibc
import Synchronization

/// Starts the program anew, from where it is now, so that it takes over from this process: SIGUSR2. What becomes of that is in the log.
final class Successor: Sendable {
    private static let readyDescriptor: Int32 = 3

    private let executable: String
    private let arguments: [String]
    private let environment: [String: String]
    private let manager: ServiceManager
    private let log: ServiceLog
    private let isStarting = Mutex(false)

    init(_ context: CommandContext, _ manager: ServiceManager, _ log: ServiceLog) {
        executable = context.executable
        arguments =
            Self.withoutHandOver(context.arguments) + [
                "--take-over=\(getpid())", "--ready-descriptor", "\(Self.readyDescriptor)",
            ]
        environment = ServiceManager.inherited(context.environment)
        self.manager = manager
        self.log = log
    }

    /// The words of a command line without those that a start in the background, or an earlier hand-over, has added.
    static func withoutHandOver(_ arguments: [String]) -> [String] {
        var rest = arguments
        while let index = rest.firstIndex(of: "--ready-descriptor") {
            rest.removeSubrange(index..<min(index + 2, rest.count))
        }
        return rest.filter { $0 != "--take-over" && !$0.hasPrefix("--take-over=") && $0 != "--detach" }
    }

    /// Starts it, unless one is starting already.
    func start() {
        let isFirst = isStarting.withLock { isStarting in
            defer { isStarting = true }
            return !isStarting
        }
        guard isFirst else { return log.inform("a new process is starting already") }
        manager.notify(
            "RELOADING=1",
            "MONOTONIC_USEC=\(Clock.monotonicNanoseconds() / 1000)",
            "STATUS=A new process is starting"
        )
        do {
            let child = try spawn()
            let thread = Thread(name: "successor") { self.watch(child.pid, child.end) }
            thread?.detach()
            if thread == nil { close(child.end) }
        } catch {
            fail("cannot start \(executable): \(error.reason)")
        }
    }

    private func spawn() throws(SystemCallError) -> (pid: pid_t, end: Int32) {
        var ends: [Int32] = [-1, -1]
        guard unsafe canary_pipe2(&ends, O_CLOEXEC) == 0 else { throw SystemCallError(errno) }
        defer { close(ends[1]) }
        do throws(SystemCallError) {
            let child = try ChildProcess(
                executable,
                arguments,
                environment,
                descriptors: [(ends[1], Self.readyDescriptor)],
                hasOwnSession: getsid(0) == getpid()
            )
            return (child.pid, ends[0])
        } catch {
            close(ends[0])
            throw error
        }
    }

    /// Hears what becomes of it: it says so once it serves, or why it can't. A process that ended is not to stay a zombie.
    private func watch(_ pid: pid_t, _ end: Int32) {
        let message = (try? FileReader.readAll(descriptor: end).get()) ?? []
        close(end)
        let lines = String(decoding: message, as: UTF8.self).split(separator: "\n")
        if !lines.contains(where: { $0.hasPrefix("listening on ") }) {
            let error = lines.first { $0.hasPrefix("error: ") }.map { String($0.dropFirst("error: ".count)) }
            fail(error ?? "process \(pid) ended before it served")
        }
        isStarting.withLock { $0 = false }
        var status: Int32 = 0
        while unsafe waitpid(pid, &status, 0) < 0, errno == EINTR {}
    }

    private func fail(_ reason: String) {
        isStarting.withLock { $0 = false }
        log.warn("the hand-over failed, and this process goes on: \(reason)")
        manager.notify("READY=1", "STATUS=The hand-over failed: \(TerminalText.message(reason))")
    }
}
