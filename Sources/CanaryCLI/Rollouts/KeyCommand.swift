// SPDX-License-Identifier: Apache-2.0

import CanaryJudge
import CanaryResources
import CanarySystem
import Glibc

/// A command that a key stands for. It runs in a process of its own, as if somebody had typed it.
struct KeyCommand {
    private let words: [String]
    /// Whether it is asked for again.
    let needsConfirmation: Bool

    /// `nil` for a key that does nothing, or nothing now.
    ///
    /// - Parameter host: as commands name it.
    init?(_ key: UInt8, _ host: String, _ rollout: StoredRollout) {
        switch key {
        case UInt8(ascii: "p"): (words, needsConfirmation) = (["rollout", "promote", host], false)
        case UInt8(ascii: "P"): (words, needsConfirmation) = (["rollout", "promote", host, "--full"], true)
        case UInt8(ascii: "h"): (words, needsConfirmation) = (["rollout", "pause", host], false)
        case UInt8(ascii: "r"): (words, needsConfirmation) = (["rollout", "resume", host], false)
        case UInt8(ascii: "a"): (words, needsConfirmation) = (["rollout", "abort", host], true)
        case UInt8(ascii: "+"), UInt8(ascii: "-"):
            guard let share = Self.share(isMore: key == UInt8(ascii: "+"), than: rollout.share) else {
                return nil
            }
            let route = rollout.spec.route.map { ["--route", $0.description] } ?? []
            // An edit like any other: it pauses the rollout.
            (words, needsConfirmation) = (
                ["set-weight", host, rollout.spec.canary, "\(share)"] + route, true
            )
        default: return nil
        }
    }

    /// In percent, the share next to one that a route has.
    private static func share(isMore: Bool, than share: Share?) -> Int? {
        guard let percent = share?.percent else { return nil }
        let shares = [0, 1, 2, 5, 10, 15, 20, 25, 30, 40, 50, 60, 70, 75, 80, 90, 95, 100]
        return isMore ? shares.first { Double($0) > percent } : shares.last { Double($0) < percent }
    }

    /// As it would be typed.
    var line: String { (["canaryctl"] + words).joined(separator: " ") }

    func start(_ session: ClusterSession) throws -> RunningCommand {
        let settings = session.settings
        return try RunningCommand(
            words + ["--store", settings.storeDirectory, "--namespace", settings.namespace],
            line: line,
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
