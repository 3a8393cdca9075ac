// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CLinux
import CanaryProxy
import CanaryResources
import Glibc
import Synchronization

/// The few lines that a running proxy writes to standard error, each in one piece, with the time and the process.
struct ServiceLog: Sendable {
    private let writer: LogWriter
    /// Whether lines for those who wait at a terminal carry the time too: nobody does.
    private let isDetached: Bool
    private let now: @Sendable () -> Int64
    private let start = StartMessages()

    init(writer: LogWriter, isDetached: Bool, now: @escaping @Sendable () -> Int64) {
        self.writer = writer
        self.isDetached = isDetached
        self.now = now
    }

    /// A line as it is, for those who wait for it: `listening on 127.0.0.1:15001`.
    func announce(_ line: String) {
        if isDetached { inform(line) } else { writer.write("\(line)\n") }
    }

    func warn(_ message: String) {
        let line = "warning: \(TerminalText.message(message))"
        start.add(line)
        write(line)
    }

    func inform(_ message: String) { write(TerminalText.escape(message)) }

    /// The warnings so far, for whoever started the proxy; later ones are only in the log.
    func takeStartMessages() -> [String] { start.take() }

    private func write(_ text: String) { writer.write(Self.line(text, at: now())) }

    static func line(_ text: String, at moment: Int64) -> String {
        "\(CalendarTime(milliseconds: moment).text) \(getpid()) \(text)\n"
    }
}

/// The warnings of a start, until they are taken.
private final class StartMessages: Sendable {
    private let lines = Mutex<[String]?>([])

    func add(_ line: String) { lines.withLock { $0?.append(line) } }

    func take() -> [String] { lines.withLock { $0.take() ?? [] } }
}

/// What a proxy writes to: standard error, and standard output for the access log. Where both are one file or pipe they have
/// one writer, so that its lines are in order.
struct ServiceStreams {
    let errors: LogWriter
    let output: LogWriter

    private static let patience: Int32 = 1000

    init(accessLog: ProxyConfiguration.AccessLogFormat, now: @escaping @Sendable () -> Int64) throws {
        let isOne = Self.areOne(STDOUT_FILENO, STDERR_FILENO)
        let errors = LogWriter(descriptors: isOne ? [STDERR_FILENO, STDOUT_FILENO] : [STDERR_FILENO]) {
            ServiceLog.line(Self.loss($0, $1), at: now())
        }
        let output =
            isOne
            ? errors
            : LogWriter(descriptors: [STDOUT_FILENO]) { count, reason in
                guard accessLog == .json else { return ServiceLog.line(Self.loss(count, reason), at: now()) }
                return
                    "{\"start_time\":\"\(CalendarTime(milliseconds: now()).text)\",\"pid\":\(getpid()),\"lost_lines\":\(count)}\n"
            }
        guard let errors, let output else {
            throw CommandError("cannot start the proxy", because: SystemCallError(EAGAIN))
        }
        self.errors = errors
        self.output = output
    }

    private static func loss(_ count: Int, _ reason: String) -> String {
        "warning: \(count == 1 ? "1 line of the log is" : "\(count) lines of the log are") missing here: \(reason)"
    }

    private var writers: [LogWriter] { errors === output ? [errors] : [errors, output] }

    /// Lets go of files that were renamed; warnings where that fails.
    func reopen() -> [String] {
        writers.compactMap { writer in
            writer.reopen().map { "cannot open \($0.path) again: \($0.error.reason)" }
        }
    }

    /// Waits until all is written, unless nobody reads it.
    func finish() {
        for writer in writers { writer.finish(milliseconds: Self.patience) }
    }

    private static func areOne(_ one: Int32, _ other: Int32) -> Bool {
        var first = stat()
        var second = stat()
        guard unsafe fstat(one, &first) == 0, unsafe fstat(other, &second) == 0 else { return false }
        return first.st_dev == second.st_dev && first.st_ino == second.st_ino
    }
}
