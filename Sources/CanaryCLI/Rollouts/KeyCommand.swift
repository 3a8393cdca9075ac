// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import Glibc

/// A command that a key stands for. It runs in a process of its own, as if somebody had typed it.
struct KeyCommand {
    let verb: String
    /// Whether it is asked for again.
    let needsConfirmation: Bool

    init?(_ key: UInt8) {
        switch key {
        case UInt8(ascii: "p"): (verb, needsConfirmation) = ("promote", false)
        case UInt8(ascii: "P"): (verb, needsConfirmation) = ("promote --full", true)
        case UInt8(ascii: "h"): (verb, needsConfirmation) = ("pause", false)
        case UInt8(ascii: "r"): (verb, needsConfirmation) = ("resume", false)
        case UInt8(ascii: "a"): (verb, needsConfirmation) = ("abort", true)
        default: return nil
        }
    }

    /// As it would be typed.
    ///
    /// - Parameter host: as commands name it.
    func line(_ host: String) -> String {
        let words = verb.split(separator: " ")
        return (["canaryctl", "rollout", String(words[0]), host] + words.dropFirst().map(String.init))
            .joined(separator: " ")
    }

    func start(_ host: String, _ session: ClusterSession) throws -> RunningCommand {
        let words = verb.split(separator: " ").map(String.init)
        let settings = session.settings
        return try RunningCommand(
            ["rollout"] + words + [
                host, "--store", settings.storeDirectory, "--namespace", settings.namespace,
            ],
            line: line(host),
            session.context
        )
    }
}

/// A command of ours that runs beside.
final class RunningCommand {
    let line: String
    private let pid: pid_t
    private let output: Int32
    private var text: [UInt8] = []

    init(_ arguments: [String], line: String, _ context: CommandContext) throws {
        self.line = line
        var ends: [Int32] = [0, 0]
        guard unsafe pipe(&ends) == 0 else {
            throw CommandError("cannot run \(line)", because: SystemCallError(errno))
        }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
        defer { close(ends[1]) }
        do {
            let outputs = [(ours: ends[1], its: STDOUT_FILENO), (ours: ends[1], its: STDERR_FILENO)]
            pid = try ChildProcess(context.executable, arguments, context.environment, descriptors: outputs)
                .pid
        } catch {
            close(ends[0])
            throw CommandError("cannot run \(line)", because: error)
        }
        output = ends[0]
    }

    deinit { close(output) }

    /// What it said, in a line, once it has ended; `nil` before.
    func result() -> String? {
        var bytes = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = unsafe read(output, &bytes, bytes.count)
            guard count > 0 else { break }
            text += bytes[..<count].prefix(max(0, 4096 - text.count))
        }
        var status: Int32 = 0
        guard unsafe waitpid(pid, &status, WNOHANG) != 0 else { return nil }
        let said = String(decoding: text, as: UTF8.self).split(separator: "\n").first.map(String.init)
        return said ?? "done"
    }
}
