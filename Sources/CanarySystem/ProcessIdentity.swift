// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// A process, told from a later one that got the same number.
package struct ProcessIdentity: Hashable, Sendable {
    package var pid: Int32
    /// When it started, in clock ticks since the machine did (`proc(5)`, field 22 of `/proc/PID/stat`).
    package var startTicks: Int64

    package init(pid: Int32, startTicks: Int64) {
        self.pid = pid
        self.startTicks = startTicks
    }

    /// The process that asks.
    package static var current: ProcessIdentity {
        ProcessIdentity(pid: getpid(), startTicks: status(of: getpid())?.startTicks ?? 0)
    }

    /// The process that has the number now; `nil` for none.
    package init?(of pid: Int32) {
        guard let status = Self.status(of: pid), status.state != "Z" else { return nil }
        self.init(pid: pid, startTicks: status.startTicks)
    }

    /// Whether the process still runs. One that ended and waits for its parent does not.
    package var isRunning: Bool {
        guard let status = Self.status(of: pid) else { return false }
        return status.startTicks == startTicks && status.state != "Z"
    }

    /// The process that it is a child of; `nil` when there is none of this number.
    package static func parent(of pid: Int32) -> Int32? { status(of: pid)?.parent }

    private static func status(of pid: Int32) -> (state: String, parent: Int32, startTicks: Int64)? {
        guard case .success(let bytes) = FileReader.read(path: "/proc/\(pid)/stat"),
            let nameEnd = bytes.lastIndex(of: UInt8(ascii: ")"))
        else { return nil }
        // The program's name, field 2, may hold blanks and parentheses; field 3 comes after its end.
        let fields = String(decoding: bytes[(nameEnd + 1)...], as: UTF8.self).split(separator: " ")
        guard fields.count > 19, let parent = Int32(fields[1]), let ticks = Int64(fields[19]) else {
            return nil
        }
        return (String(fields[0]), parent, ticks)
    }
}
