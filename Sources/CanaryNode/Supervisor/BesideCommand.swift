// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import Glibc

/// A command that runs beside a container: what a probe or a hook executes.
struct BesideCommand {
    let id: Int
    let pid: pid_t
    let output: OutputPipe
    /// Of the monotonic clock, in milliseconds.
    let deadline: Int64
    /// By which its processes are found wherever they are, if it has one.
    let mark: String?
    /// The beginning of what it wrote; of what a tool writes, the end.
    private(set) var text: [UInt8] = []

    /// As kubelet keeps of a probe.
    private static let longestText = 10 << 10

    init(id: Int, pid: pid_t, output: OutputPipe, deadline: Int64, mark: String? = nil) {
        self.id = id
        self.mark = mark
        self.pid = pid
        self.output = output
        self.deadline = deadline
    }

    mutating func takeOutput() {
        let bytes = output.read()
        text =
            id > 0
            ? text + bytes.prefix(Self.longestText - text.count) : (text + bytes).suffix(Self.longestText)
    }

    /// What is said of it: NUL would end a word of the message.
    var cleanText: String { String(decoding: text.filter { $0 != 0 }, as: UTF8.self) }

    /// It has a session of its own; what left that one ends with the container.
    func kill() { Glibc.kill(-pid, SIGKILL) }

    /// It took too long. What a tool started for it is no descendant of the tool's.
    func giveUp() {
        kill()
        if let mark { ProcessFamily.end(markedBy: mark) }
    }
}
