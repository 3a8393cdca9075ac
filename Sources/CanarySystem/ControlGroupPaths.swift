// SPDX-License-Identifier: Apache-2.0

/// Where the control groups of processes are.
package enum ControlGroupPaths {
    /// A hierarchy that is mounted.
    package struct Mount {
        package var directory: String
        package var isUnified: Bool
        /// Of version 1: its controllers, among others.
        package var options: [String]
    }

    /// - Parameter mounts: the text of `/proc/self/mounts`.
    package static func mounts(_ mounts: String) -> [Mount] {
        mounts.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ").map(String.init)
            guard fields.count > 3, ["cgroup", "cgroup2"].contains(fields[2]) else { return nil }
            return Mount(
                directory: fields[1],
                isUnified: fields[2] == "cgroup2",
                options: fields[3].split(separator: ",").map(String.init)
            )
        }
    }

    /// A process' path in each hierarchy, by the controllers of version 1; that of version 2 has an empty name.
    ///
    /// - Parameter membership: the text of its `/proc/PID/cgroup`.
    package static func paths(_ membership: String) -> [String: String] {
        var paths: [String: String] = [:]
        for line in membership.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            for name in parts[1].isEmpty ? [""] : parts[1].split(separator: ",") {
                paths[String(name)] = String(parts[2])
            }
        }
        return paths
    }

    package static func join(_ mount: Mount, _ path: String) -> String {
        path == "/" ? mount.directory : mount.directory + path
    }

    /// The directories that tell of a process' memory.
    package static func memory(of pid: Int32) -> [String] {
        let own = paths(text("/proc/\(pid)/cgroup"))
        return mounts(text("/proc/self/mounts")).compactMap { mount in
            guard mount.isUnified || mount.options.contains("memory") else { return nil }
            return own[mount.isUnified ? "" : "memory"].map { join(mount, $0) }
        }
    }

    package static func text(_ path: String) -> String {
        (try? FileReader.read(path: path).get()).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}
