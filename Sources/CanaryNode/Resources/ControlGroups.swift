// SPDX-License-Identifier: Apache-2.0

import CLinux
import CanarySystem
import Glibc

/// What a container may use.
package struct ContainerLimits: Hashable, Sendable {
    /// Thousandths of a processor.
    package var cpuMilli: Int64?
    /// Bytes.
    package var memory: Int64?
    /// So that what only makes processes leaves room for others. Kubernetes' `podPidsLimit` has no default; common installations
    /// set 1024 to 4096.
    package var processes = 1024

    package init(cpuMilli: Int64? = nil, memory: Int64? = nil) {
        self.cpuMilli = cpuMilli
        self.memory = memory
    }
}

/// The control groups under which a node's containers run: version 1, version 2, or both beside each other, as far as this process may
/// make some. Each is made below the group that the node itself is in.
package struct ControlGroups: Sendable {
    package enum Controller: String, CaseIterable, Sendable { case cpu, memory, pids }

    /// The node's directory in the hierarchy of each controller of version 1.
    private var directories: [Controller: String] = [:]
    /// The node's directory in the hierarchy of version 2.
    private var unified: String?
    /// The controllers that version 2 has for it.
    private var unifiedControllers: Set<Controller> = []

    /// - Parameters:
    ///   - name: of the node among all that run below this process' groups.
    ///   - membership: the text of `/proc/self/cgroup`.
    ///   - mounts: the text of `/proc/self/mounts`.
    package init(name: String, membership: String, mounts: String) {
        let own = ControlGroupPaths.paths(membership)
        for mount in ControlGroupPaths.mounts(mounts) {
            if mount.isUnified {
                if let path = own[""] { makeUnified(ControlGroupPaths.join(mount, path), name) }
                continue
            }
            for controller in Controller.allCases where mount.options.contains(controller.rawValue) {
                guard let path = own[controller.rawValue] else { continue }
                let directory = ControlGroupPaths.join(mount, path) + "/" + name
                if Self.makeDirectory(directory) { directories[controller] = directory }
            }
        }
    }

    /// Those of this process.
    package static func ofThisProcess(name: String) -> ControlGroups {
        ControlGroups(
            name: name,
            membership: ControlGroupPaths.text("/proc/self/cgroup"),
            mounts: ControlGroupPaths.text("/proc/self/mounts")
        )
    }

    /// What is enforced; what is not has to be looked after by somebody else.
    package var enforced: Set<Controller> { Set(directories.keys).union(unifiedControllers) }

    /// Makes the groups of one run of a container.
    ///
    /// - Returns: their directories, for ``SupervisedContainer/controlGroups``. What cannot be made is left out.
    package func make(_ run: String, _ limits: ContainerLimits) -> [String] {
        var made: [String] = []
        for (controller, parent) in directories {
            let directory = parent + "/" + run
            guard Self.makeDirectory(directory) else { continue }
            for (file, value) in Self.settings(controller, limits) {
                Self.write(value, to: "\(directory)/\(file)")
            }
            made.append(directory)
        }
        if let unified, case let directory = unified + "/" + run, Self.makeDirectory(directory) {
            for controller in unifiedControllers {
                for (file, value) in Self.unifiedSettings(controller, limits) {
                    Self.write(value, to: "\(directory)/\(file)")
                }
            }
            made.append(directory)
        }
        return made
    }

    /// Kills what an earlier node of this name left behind, if anything, and removes the groups of runs.
    package func clear() {
        for parent in Array(directories.values) + (unified.map { [$0] } ?? []) {
            for run in (try? FileReader.names(in: parent).get()) ?? [] {
                let directory = parent + "/" + run
                guard case .success(.directory) = FileReader.type(of: directory) else { continue }
                if !Self.write("1", to: directory + "/cgroup.kill") { Self.killMembers(directory) }
                unsafe rmdir(directory)
            }
        }
    }

    /// To be called when no run is left.
    package func remove() {
        for parent in Array(directories.values) + (unified.map { [$0] } ?? []) { unsafe rmdir(parent) }
    }

    // MARK: - Files

    private mutating func makeUnified(_ own: String, _ name: String) {
        let directory = own + "/" + name
        guard Self.makeDirectory(directory) else { return }
        unified = directory
        for controller in Controller.allCases where directories[controller] == nil {
            // Refused where the node's own group holds processes, unless it is the root.
            if Self.write("+\(controller.rawValue)", to: own + "/cgroup.subtree_control"),
                Self.write("+\(controller.rawValue)", to: directory + "/cgroup.subtree_control")
            {
                unifiedControllers.insert(controller)
            }
        }
    }

    private static func settings(_ controller: Controller, _ limits: ContainerLimits) -> [(String, String)] {
        switch controller {
        case .cpu: limits.cpuMilli.map { [("cpu.cfs_quota_us", "\(max($0, 10) * 100)")] } ?? []
        case .memory: limits.memory.map { [("memory.limit_in_bytes", "\($0)")] } ?? []
        case .pids: [("pids.max", "\(limits.processes)")]
        }
    }

    private static func unifiedSettings(_ controller: Controller, _ limits: ContainerLimits) -> [(
        String, String
    )] {
        switch controller {
        case .cpu: limits.cpuMilli.map { [("cpu.max", "\(max($0, 10) * 100) 100000")] } ?? []
        case .memory: limits.memory.map { [("memory.max", "\($0)"), ("memory.swap.max", "0")] } ?? []
        case .pids: [("pids.max", "\(limits.processes)")]
        }
    }

    private static func makeDirectory(_ path: String) -> Bool {
        unsafe mkdir(path, 0o755) == 0 || errno == EEXIST
    }

    private static func killMembers(_ directory: String) {
        guard let bytes = try? FileReader.read(path: directory + "/cgroup.procs").get() else { return }
        for pid in String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap({ pid_t($0) }) {
            kill(pid, SIGKILL)
        }
    }

    @discardableResult
    private static func write(_ text: String, to path: String) -> Bool {
        let descriptor = unsafe open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return unsafe Glibc.write(descriptor, text, text.utf8.count) == text.utf8.count
    }
}
