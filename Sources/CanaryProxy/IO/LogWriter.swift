// SPDX-License-Identifier: Apache-2.0

import CLinux
import CanaryMesh
package import CanarySystem
import Glibc
import Synchronization

/// Writes lines in a thread of its own, in the order in which they came, so that nobody who logs waits for a disk or a pipe.
///
/// Lines wait in a bounded buffer; what does not fit, and what cannot be written, is dropped, counted, and told in a line
/// once the log takes lines again.
package final class LogWriter: Sendable {
    /// The line, with its end, that tells how many lines are missing and why.
    package typealias LossLine = @Sendable (_ count: Int, _ reason: String) -> String

    private struct State {
        var pending: [UInt8] = []
        var lost = 0
        var reason = ""
        /// Lines were dropped since the thread last took what waits: later ones would come before the line that tells so.
        var isDropping = false
        var isWriting = false
        var isEnding = false
    }

    /// Milliseconds until a log that could not be written is tried again.
    private static let pause: Int32 = 200

    private let descriptors: [Int32]
    /// Where the log is, when it is a file that can be opened again.
    private let path: String?
    private let limit: Int
    private let lossLine: LossLine
    private let state = Mutex(State())
    private let wakeEvent = EventDescriptor()
    private let idleEvent = EventDescriptor()

    /// - Parameters:
    ///   - descriptors: all of one file or pipe; the first is written to. They stay the caller's.
    ///   - limit: how many bytes may wait.
    /// - Returns: `nil` when the system has no thread left.
    package init?(descriptors: [Int32], limit: Int = 4 << 20, lossLine: @escaping LossLine) {
        self.descriptors = descriptors
        self.limit = limit
        self.lossLine = lossLine
        path = descriptors.first.flatMap(Self.path)
        // Whoever cuts a log (logrotate's copytruncate) expects the next line at its new end.
        if path != nil { for descriptor in descriptors { Self.append(descriptor) } }
        guard let thread = Thread(name: "log", { [self] in run() }) else { return nil }
        thread.detach()
    }

    // MARK: - For those who log

    package func write(_ line: String) {
        var line = line
        line.withUTF8 { unsafe write(ByteSlice($0)) }
    }

    /// Takes one or more whole lines.
    func write(_ lines: ByteSlice) {
        guard lines.count > 0 else { return }
        let mustWake = state.withLock { state in
            guard !state.isDropping, state.pending.count + lines.count <= limit else {
                state.isDropping = true
                state.lost += lines.count { $0 == UInt8(ascii: "\n") }
                if state.reason.isEmpty { state.reason = "the log takes no more" }
                return !state.isWriting
            }
            state.pending.append(contentsOf: lines)
            return !state.isWriting
        }
        if mustWake { wakeEvent.signal() }
    }

    /// Waits until all is written, but not longer than that, and ends the thread.
    package func finish(milliseconds: Int32) {
        state.withLock { $0.isEnding = true }
        wakeEvent.signal()
        idleEvent.wait(milliseconds: milliseconds)
    }

    /// Opens the file anew at the path where it was at the start, so that one that was renamed is let go of. Does nothing where
    /// the log is no file; the error where the file cannot be opened, and the old one stays.
    package func reopen() -> (path: String, error: SystemCallError)? {
        guard let path else { return nil }
        let opened = unsafe open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard opened >= 0 else { return (path, SystemCallError(errno)) }
        defer { close(opened) }
        for descriptor in descriptors where dup2(opened, descriptor) < 0 {
            return (path, SystemCallError(errno))
        }
        return nil
    }

    /// Lines that are missing and not told of yet.
    var lostLines: Int { state.withLock { $0.lost } }

    // MARK: - The thread

    private func run() {
        // A reader that went away is an error like others, whatever the process does about the signal.
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe sigaddset(&signals, SIGPIPE)
        unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
        var isInsideLine = false
        while true {
            let (bytes, lost, isEnding) = state.withLock { state in
                let bytes = state.pending
                state.isDropping = false
                state.pending.removeAll(keepingCapacity: bytes.count < 65_536)
                state.isWriting = !bytes.isEmpty || state.lost > 0
                return (bytes, state.lost, state.isEnding)
            }
            let isDone = put(bytes, &isInsideLine) && tellLoss(lost, &isInsideLine)
            // A full disk may have room again in a moment.
            if !isDone, !isEnding { poll(nil, 0, Self.pause) }
            if isEnding, bytes.isEmpty { return idleEvent.signal() }
            if isDone, bytes.isEmpty {
                wakeEvent.wait(milliseconds: -1)
                wakeEvent.clear()
            }
        }
    }

    private func tellLoss(_ count: Int, _ isInsideLine: inout Bool) -> Bool {
        guard count > 0 else { return true }
        let reason = state.withLock { $0.reason }
        guard write(Array(lossLine(count, reason).utf8)[...], &isInsideLine) == nil else { return false }
        state.withLock { state in
            state.lost -= count
            if state.lost == 0 { state.reason = "" }
        }
        return true
    }

    private func put(_ bytes: [UInt8], _ isInsideLine: inout Bool) -> Bool {
        guard let (rest, error) = write(bytes[...], &isInsideLine) else { return true }
        state.withLock { state in
            state.lost += rest.count { $0 == UInt8(ascii: "\n") }
            state.reason = error.reason
        }
        return false
    }

    /// Writes all; what could not be written and why not, else `nil`. A line that was cut is ended first.
    private func write(_ bytes: ArraySlice<UInt8>, _ isInsideLine: inout Bool) -> (
        rest: ArraySlice<UInt8>, error: SystemCallError
    )? {
        let all = isInsideLine && !bytes.isEmpty ? ([UInt8(ascii: "\n")] + bytes)[...] : bytes
        guard let failure = unsafe all.withUnsafeBytes({ unsafe FileWriter.write($0, to: descriptors[0]) })
        else {
            if !all.isEmpty { isInsideLine = false }
            return nil
        }
        if failure.count > 0 { isInsideLine = true }
        return (all.dropFirst(failure.count), failure.error)
    }

    private static func append(_ descriptor: Int32) {
        let flags = fcntl(descriptor, F_GETFL)
        if flags >= 0 { _ = fcntl(descriptor, F_SETFL, flags | O_APPEND) }
    }

    /// The path of a regular file that is open for writing.
    private static func path(of descriptor: Int32) -> String? {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return CurrentProcess.path(of: descriptor)
    }
}
