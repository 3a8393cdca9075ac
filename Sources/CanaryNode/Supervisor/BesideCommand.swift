// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A command that runs beside a container: what a probe or a hook executes.
struct BesideCommand {
    let id: Int
    let pid: pid_t
    let output: OutputPipe
    /// Of the monotonic clock, in milliseconds.
    let deadline: Int64
    /// The beginning of what it wrote.
    private(set) var text: [UInt8] = []

    /// As kubelet keeps of a probe.
    private static let longestText = 10 << 10

    init(id: Int, pid: pid_t, output: OutputPipe, deadline: Int64) {
        self.id = id
        self.pid = pid
        self.output = output
        self.deadline = deadline
    }

    mutating func takeOutput() {
        text += output.read().prefix(Self.longestText - text.count)
    }

    /// What is said of it: NUL would end a word of the message.
    var cleanText: String { String(decoding: text.filter { $0 != 0 }, as: UTF8.self) }

    /// It has a session of its own; what left that one ends with the container.
    func kill() { Glibc.kill(-pid, SIGKILL) }
}
