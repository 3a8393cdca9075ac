// SPDX-License-Identifier: Apache-2.0

import CLinux
import CanarySystem
import Glibc

/// The control groups that a node made for one run of a container.
final class JoinedGroups {
    private let directories: [String]
    /// Their files `cgroup.procs`, opened for writing.
    let descriptors: [Int32]

    /// - Parameter directories: those that are gone are left out.
    init(_ directories: [String]) {
        let opened = directories.map { ($0, unsafe open($0 + "/cgroup.procs", O_WRONLY | O_CLOEXEC)) }
            .filter { $0.1 >= 0 }
        self.directories = opened.map(\.0)
        descriptors = opened.map(\.1)
    }

    deinit {
        descriptors.forEach { close($0) }
    }

    /// The one of version 2, whose processes the kernel kills when asked.
    var unified: String? { directories.first { unsafe access($0 + "/cgroup.kill", W_OK) == 0 } }

    /// Whether the kernel killed a process of it because the group's memory was used up.
    var ranOutOfMemory: Bool { Self.ranOutOfMemory(in: directories) }

    static func ranOutOfMemory(in directories: [String]) -> Bool {
        directories.contains { directory in
            ["/memory.events", "/memory.oom_control"].contains { file in
                guard let bytes = try? FileReader.read(path: directory + file).get() else { return false }
                return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
                    .contains { $0.hasPrefix("oom_kill ") && $0 != "oom_kill 0" }
            }
        }
    }

    /// To be called when no process is left in them.
    ///
    /// - Parameter nodes: whether the node's own groups go, too, with the last one that is in them.
    func remove(nodes: Bool) {
        for directory in directories {
            unsafe rmdir(directory)
            if nodes, let slash = directory.lastIndex(of: "/") { unsafe rmdir(String(directory[..<slash])) }
        }
    }
}
