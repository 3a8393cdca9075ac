// SPDX-License-Identifier: Apache-2.0

import CLinux
import CanarySystem
import Glibc

/// Finds out whether the kernel ended a container's process for want of memory.
///
/// The tool's own word is not enough: podman looks for what its conmon noticed elsewhere than where that wrote it. And the control groups
/// tell only until the tool removes them, soon after the first process has ended.
struct MemoryWatch {
    /// Readable when the process has ended; -1 for no process.
    private(set) var descriptor: Int32 = -1
    private var sawIt = false
    private var directories: [String] = []
    /// What conmon leaves where it was started.
    private let notice: String?

    /// - Parameter directory: where the tool is started.
    init(_ directory: String?) {
        notice = directory.map { $0 + "/oom" }
        // Of the run before.
        if let notice { unsafe unlink(notice) }
    }

    var ranOut: Bool { sawIt || notice.map { unsafe access($0, F_OK) == 0 } ?? false }

    /// To be told by ``noticeEnd()`` when ``descriptor`` is readable.
    mutating func begin(_ pid: Int32) {
        directories = ControlGroupPaths.memory(of: pid)
        descriptor = canary_pidfd_open(pid)
    }

    mutating func noticeEnd() {
        sawIt = sawIt || JoinedGroups.ranOutOfMemory(in: directories)
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
    }
}
