// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// A pipe for what a process writes. Reading never waits.
final class OutputPipe {
    let reader: Int32
    private(set) var writer: Int32
    /// Whether nobody can write any more, or nobody is to be read any more.
    private(set) var hasEnded = false

    /// `nil` when the process has no file descriptor left.
    init?() {
        var ends: [Int32] = [-1, -1]
        guard unsafe canary_pipe2(&ends, O_CLOEXEC) == 0 else { return nil }
        (reader, writer) = (ends[0], ends[1])
        _ = fcntl(reader, F_SETFL, O_NONBLOCK)
    }

    deinit {
        close(reader)
        closeWriter()
    }

    /// After which the pipe ends with the last process that has it.
    func closeWriter() {
        if writer >= 0 { close(writer) }
        writer = -1
    }

    /// Some of what is there; empty for nothing.
    func read() -> ArraySlice<UInt8> {
        guard !hasEnded else { return [] }
        var room = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe Glibc.read(reader, &room, room.count)
            if count > 0 { return room[..<count] }
            if count < 0, errno == EINTR { continue }
            if count == 0 || errno != EAGAIN { hasEnded = true }
            return []
        }
    }
}
