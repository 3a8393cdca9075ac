// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The few lines that a running proxy writes to standard error, each in one piece and with the time.
struct ServiceLog: Sendable {
    let now: @Sendable () -> Int64

    /// A line as it is, for those who wait for it: `listening on 127.0.0.1:15001`.
    func announce(_ line: String) { write("\(line)\n") }

    func warn(_ message: String) {
        write("\(TimeText.rfc3339(now())) warning: \(TerminalText.escape(message))\n")
    }

    func inform(_ message: String) {
        write("\(TimeText.rfc3339(now())) \(TerminalText.escape(message))\n")
    }

    /// Straight to the descriptor: several threads log, and a line must not wait for a buffer.
    private func write(_ line: String) {
        let bytes = Array(line.utf8)
        _ = Glibc.write(STDERR_FILENO, bytes, bytes.count)
    }
}
