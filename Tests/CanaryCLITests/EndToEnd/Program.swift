// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CanaryTestSupport
import Glibc
import Synchronization
import Testing

@testable import CanaryCLI

/// The built program in a process of its own, with a store in a scratch directory.
final class Program: Sendable {
    struct Ended: Sendable {
        /// The exit status; 128 and the signal's number where a signal ended it.
        var status: Int32
        var output: String
        var errors: String
    }

    /// The program beside the test runner, or what `CANARYCTL_BIN` names.
    static let path: String = {
        if let named = getenv("CANARYCTL_BIN") { return String(cString: named) }
        let runner = CurrentProcess.executable ?? ""
        return runner.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(
            separator: "/"
        ) + "/canaryctl"
    }()

    let pid: pid_t
    private let outputPath: String
    private let errorPath: String
    private let ended = Mutex<Int32?>(nil)

    private static let count = Atomic(0)

    /// - Parameters:
    ///   - environment: variables besides the usual ones.
    ///   - output: the descriptor to write to instead of a file.
    init(
        _ arguments: [String],
        in scratch: ScratchDirectory,
        executable: String = Program.path,
        environment added: [String] = [],
        output: Int32? = nil
    ) throws {
        let number = Self.count.add(1, ordering: .relaxed).newValue
        outputPath = scratch.path("output-\(number)")
        errorPath = scratch.path("errors-\(number)")
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        if let output {
            posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        } else {
            posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, outputPath, O_WRONLY | O_CREAT, 0o600)
        }
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, errorPath, O_WRONLY | O_CREAT, 0o600)
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
        let environment =
            [
                "CANARYCTL_STORE=\(scratch.path("store"))", "HOME=\(scratch.path)", "USER=ada",
                "PATH=\(path)",
            ] + added
        var words = ([executable] + arguments).map { strdup($0) } + [nil]
        var variables = environment.map { strdup($0) } + [nil]
        defer { (words + variables).forEach { free($0) } }
        // As from an interactive shell, whatever the runner of the tests ignores or holds back.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigaddset(&signals, SIGINT)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        var pid = pid_t()
        let error = posix_spawn(&pid, executable, &actions, &attributes, &words, &variables)
        guard error == 0 else { throw FailedCall(name: "posix_spawn \(executable)", number: error) }
        self.pid = pid
    }

    deinit {
        guard ended.withLock({ $0 == nil }) else { return }
        kill(pid, SIGKILL)
        waitpid(pid, nil, 0)
    }

    /// Runs a command to its end.
    static func run(_ arguments: String..., in scratch: ScratchDirectory) throws -> Ended {
        try Program(arguments, in: scratch).end()
    }

    func signal(_ number: Int32) {
        guard ended.withLock({ $0 == nil }) else { return }
        kill(pid, number)
    }

    /// Waits for the end, at most a minute if nothing else is said.
    func end(within patience: Duration = .seconds(60)) throws -> Ended {
        let hasEnded = Patience(patience).wait { self.hasEnded() }
        try #require(hasEnded, "the process did not end: \(errors)")
        return Ended(status: ended.withLock { $0 ?? 0 }, output: output, errors: errors)
    }

    /// What it wrote to standard output so far.
    var output: String { text(outputPath) }

    /// What it wrote to standard error so far.
    var errors: String { text(errorPath) }

    private func hasEnded() -> Bool {
        ended.withLock { ended in
            if ended != nil { return true }
            var status: Int32 = 0
            guard waitpid(pid, &status, WNOHANG) == pid else { return false }
            ended = status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F
            return true
        }
    }

    private func text(_ path: String) -> String {
        (try? FileReader.read(path: path).get()).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}

/// Looks until something is so; `false` when it is not within a minute.
func eventually(_ isSo: () throws -> Bool) rethrows -> Bool {
    try Patience(.seconds(60)).wait(until: isSo)
}
