// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// A command of somebody else's that is run to its end, whatever it does: it reads nothing, may print so much, take so long, and leaves
/// no process behind.
package struct CommandRun {
    package enum End: Hashable, Sendable {
        case exited(Int32)
        case killed(signal: Int32)
        case timedOut
        /// It printed more than it may.
        case tooLong
        case notStarted(SystemCallError)
        /// Whoever waited for it does not any more.
        case cancelled
    }

    package let end: End
    package private(set) var output: [UInt8] = []
    package private(set) var errors: [UInt8] = []

    /// The name of the variable by which the processes of one run are found.
    package static let mark = "CANARYCTL_RUN"

    /// Runs a command and waits for its end.
    ///
    /// - Parameter deadline: in milliseconds of the monotonic clock.
    /// - Parameter limit: in bytes, for each of its two streams.
    package init(
        _ words: [String],
        environment: [String: String],
        deadline: Int64,
        limit: Int = 1 << 16,
        cancelledBy cancellation: EventDescriptor? = nil
    ) {
        let mark = UUID.random().description
        let environment = environment.merging([Self.mark: mark]) { $1 }
        guard let output = Pipe(limit), let errors = Pipe(limit) else {
            end = .notStarted(SystemCallError(errno))
            return
        }
        let child: ChildProcess
        do {
            child = try ChildProcess(
                words.first ?? "",
                Array(words.dropFirst()),
                environment,
                descriptors: [(output.writer, 1), (errors.writer, 2)],
                hasOwnSession: true
            )
        } catch {
            end = .notStarted(error)
            return
        }
        output.closeWriter()
        errors.closeWriter()
        let reason = Self.wait(for: child, [output, errors], deadline, cancellation)
        // What it printed last may still be there; what others that have its pipes print later is not its own.
        _ = [output, errors].map { $0.read() }
        // Before it is waited for: until then nobody else can have its number.
        kill(-child.pid, SIGKILL)
        ProcessFamily.end(markedBy: "\(Self.mark)=\(mark)")
        var status: Int32 = 0
        while unsafe waitpid(child.pid, &status, 0) < 0, errno == EINTR {}
        let ownEnd = status & 0x7f == 0 ? End.exited(status >> 8 & 0xff) : .killed(signal: status & 0x7f)
        end = reason ?? (output.isOverfull || errors.isOverfull ? .tooLong : ownEnd)
        (self.output, self.errors) = (output.bytes, errors.bytes)
    }

    /// `nil` once it has ended by itself.
    private static func wait(
        for child: ChildProcess,
        _ pipes: [Pipe],
        _ deadline: Int64,
        _ cancellation: EventDescriptor?
    ) -> End? {
        let ending = canary_pidfd_open(child.pid)
        defer { if ending >= 0 { close(ending) } }
        while true {
            let left = deadline - Clock.monotonicMilliseconds()
            guard left > 0 else { return .timedOut }
            let descriptors = [ending, cancellation?.descriptor ?? -1] + pipes.map(\.openReader)
            var polled = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            // Without a descriptor that tells of the end, it is looked for now and then.
            let patience = ending >= 0 ? left : min(left, 20)
            _ = unsafe poll(&polled, nfds_t(polled.count), Int32(clamping: patience))
            for pipe in pipes where !pipe.read() { return .tooLong }
            if polled[1].revents != 0 { return .cancelled }
            if hasEnded(child) { return nil }
        }
    }

    /// Whether it has ended, and nobody has waited for it yet.
    private static func hasEnded(_ child: ChildProcess) -> Bool {
        var status = unsafe siginfo_t()
        let found = unsafe waitid(P_PID, id_t(child.pid), &status, WEXITED | WNOHANG | WNOWAIT)
        return unsafe found == 0 && status.si_signo == SIGCHLD
    }
}

/// A pipe, of which so much is kept.
private final class Pipe {
    private let reader: Int32
    private(set) var writer: Int32
    private let limit: Int
    private(set) var bytes: [UInt8] = []
    private(set) var isOverfull = false
    private var isAtEnd = false

    init?(_ limit: Int) {
        var ends: [Int32] = [-1, -1]
        guard unsafe canary_pipe2(&ends, O_CLOEXEC) == 0 else { return nil }
        (reader, writer) = (ends[0], ends[1])
        _ = fcntl(reader, F_SETFL, O_NONBLOCK)
        self.limit = limit
    }

    deinit {
        close(reader)
        closeWriter()
    }

    /// -1 at the end.
    var openReader: Int32 { isAtEnd ? -1 : reader }

    func closeWriter() {
        if writer >= 0 { close(writer) }
        writer = -1
    }

    /// Takes what is there; `false` where that is too much.
    func read() -> Bool {
        var chunk = [UInt8](repeating: 0, count: 4096)
        while !isAtEnd, !isOverfull {
            let count = unsafe Glibc.read(reader, &chunk, chunk.count)
            if count > 0 {
                isOverfull = bytes.count + count > limit
                bytes += chunk[..<min(count, limit - bytes.count)]
            } else if count == 0 {
                isAtEnd = true
            } else if errno != EINTR {
                break
            }
        }
        return !isOverfull
    }
}
