// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CLinux
import CanaryResources
import CanaryStore
import Glibc

/// Starts a proxy in the background and waits until it accepts requests.
struct DetachedProxy {
    let settings: Settings
    let context: CommandContext
    let form: ReportFormat
    /// Whether it runs the store's pods too.
    let isNode: Bool

    /// The descriptor under which the child finds the pipe to its parent.
    private static let readyDescriptor: Int32 = 3

    /// - Parameter arguments: of this command line, `--detach` left out.
    func start(_ arguments: [String]) throws -> ExitStatus {
        let location = StoreLocation(settings.storeDirectory)
        try location.makeDirectory()
        let logPath = location.path(of: "proxy.log")
        let log = unsafe open(logPath, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard log >= 0 else { throw Self.failure("write \(logPath)") }
        defer { close(log) }
        var ends: [Int32] = [-1, -1]
        guard unsafe canary_pipe2(&ends, O_CLOEXEC) == 0 else { throw Self.failure("make a pipe") }
        defer { close(ends[0]) }
        let pid: pid_t
        do {
            defer { close(ends[1]) }
            pid = try spawn(arguments + ["--ready-descriptor", "\(Self.readyDescriptor)"], log, ends[1])
        }
        let message = (try? FileReader.readAll(descriptor: ends[0]).get()) ?? []
        let lines = String(decoding: message, as: UTF8.self).split(separator: "\n").map(String.init)
        guard lines.contains(where: { $0.hasPrefix("listening on ") }) else {
            return try explainFailure(pid, lines, logPath)
        }
        report(pid, lines, logPath)
        return .success
    }

    /// Warnings are on standard error in every form.
    private func report(_ pid: pid_t, _ lines: [String], _ logPath: String) {
        let warnings = lines.filter { $0.hasPrefix("warning: ") }
        warnings.forEach { context.standardError.writeLine($0) }
        let stream = context.standardOutput
        guard form != .text else {
            stream.writeLine("\(isNode ? "node" : "proxy") started, pid \(pid)")
            lines.filter { !$0.hasPrefix("warning: ") }.forEach { stream.writeLine($0) }
            if isNode {
                context.standardError.writeLine(
                    "hint: canaryctl status shows what runs, canaryctl logs deployment/NAME what pods write; canaryctl down ends it"
                )
            }
            return
        }
        func values(_ title: String) -> [Node] {
            lines.filter { $0.hasPrefix(title) }.map { .string(String($0.dropFirst(title.count))) }
        }
        let node = Node.mapping([
            "apiVersion": .string("canaryctl.dev/v1alpha1"),
            "kind": .string("ProxyStart"),
            "pid": .integer(Int64(pid)),
            "listeners": .sequence(values("listening on ")),
            "admin": values("admin on ").first ?? Node(.null),
            "log": .string(logPath),
            "warnings": .sequence(values("warning: ")),
        ])
        stream.write(ObjectText.text(node, as: form))
    }

    private func spawn(_ arguments: [String], _ log: Int32, _ readyEnd: Int32) throws -> pid_t {
        do {
            return try ChildProcess(
                context.executable,
                arguments,
                context.environment,
                descriptors: [
                    (log, STDOUT_FILENO), (log, STDERR_FILENO), (readyEnd, Self.readyDescriptor),
                ],
                hasOwnSession: true
            ).pid
        } catch {
            throw Self.failure("start \(context.executable)", error.number)
        }
    }

    /// The child ended before it was ready, and said why if it could.
    private func explainFailure(_ pid: pid_t, _ lines: [String], _ logPath: String) throws -> ExitStatus {
        var status: Int32 = 0
        while unsafe waitpid(pid, &status, 0) < 0, errno == EINTR {}
        func value(_ title: String) -> String? {
            lines.first { $0.hasPrefix(title) }.map { String($0.dropFirst(title.count)) }
        }
        throw CommandError(
            value("error: ") ?? "the \(isNode ? "node" : "proxy") ended before it accepted requests",
            hint: value("hint: ") ?? "\(logPath) tells more"
        )
    }

    private static func failure(_ action: String, _ number: Int32 = errno) -> CommandError {
        CommandError("cannot \(action)", because: SystemCallError(number))
    }
}
