// SPDX-License-Identifier: Apache-2.0

import CLinux
import CanarySystem
import Glibc

/// A line of a container's log.
package struct LogLine: Hashable, Sendable {
    /// RFC 3339 with nanoseconds.
    package var time: String
    package var text: String
}

/// Reads a container's log as it grows, also over the change to a new file.
package final class LogTail {
    private let path: String
    private var descriptor: Int32 = -1
    private var rest: [UInt8] = []
    /// The parts of a long line so far.
    private var parts = ""

    package init(_ path: String) {
        self.path = path
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// The lines that came since the last call.
    package func next() -> [LogLine] {
        var lines: [LogLine] = []
        open()
        read(&lines)
        if wasReplaced {
            close(descriptor)
            descriptor = -1
            open()
            read(&lines)
        }
        return lines
    }

    /// Has the log readable from now on, even if it is removed. Nothing is done where there is none yet.
    package func open() {
        guard descriptor < 0 else { return }
        descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        rest = []
    }

    /// Whether the path leads to another file by now.
    private var wasReplaced: Bool {
        var (own, present) = (stat(), stat())
        guard descriptor >= 0, unsafe fstat(descriptor, &own) == 0, unsafe stat(path, &present) == 0 else {
            return false
        }
        return own.st_ino != present.st_ino || own.st_dev != present.st_dev
    }

    private func read(_ lines: inout [LogLine]) {
        guard descriptor >= 0 else { return }
        _ = FileReader.read(descriptor: descriptor) { piece in
            rest += piece
            return true
        }
        let whole = rest.lastIndex(of: UInt8(ascii: "\n")).map { rest[...$0] } ?? []
        for line in whole.split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(
                separator: UInt8(ascii: " "),
                maxSplits: 3,
                omittingEmptySubsequences: false
            )
            guard fields.count == 4 else { continue }
            parts += String(decoding: fields[3], as: UTF8.self)
            if fields[2].first == UInt8(ascii: "P") { continue }
            lines.append(LogLine(time: String(decoding: fields[0], as: UTF8.self), text: parts))
            parts = ""
        }
        rest.removeFirst(whole.count)
    }
}
