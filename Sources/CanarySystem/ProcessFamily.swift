// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// A process and what it started, to be ended whole.
///
/// Who is of it is told in one of two ways. Whoever adopts orphans (`PR_SET_CHILD_SUBREAPER`) has all that it started below it, whatever
/// those do. A process that does other things besides cannot tell whose orphans it got: there a variable of the environment tells, which
/// is inherited across parents, groups and sessions. (Jenkins finds the processes of a build so.)
package enum ProcessFamily {
    /// Those that start others faster than they are ended are given up after so many looks.
    private static let mostRounds = 20

    // MARK: - By a mark

    /// Ends every process that has the variable.
    ///
    /// - Parameter variable: `NAME=value`, with a value that nobody else has.
    package static func end(markedBy variable: String) {
        let mark = Array(variable.utf8)
        for _ in 0..<mostRounds {
            let members = pids().filter { environment(of: $0).contains { $0.elementsEqual(mark) } }
            guard !members.isEmpty else { return }
            for pid in members { kill(pid, SIGKILL) }
        }
    }

    /// Empty for one that has ended, and for those of others.
    private static func environment(of pid: Int32) -> [ArraySlice<UInt8>] {
        guard case .success(let bytes) = FileReader.read(path: "/proc/\(pid)/environ") else { return [] }
        return bytes.split(separator: 0)
    }

    // MARK: - By descent

    /// Ends all processes below this one, which adopts orphans and has SIGCHLD blocked, however fast they make new ones.
    ///
    /// - Parameters:
    ///   - controlGroup: a group of the unified hierarchy that they are in, which the kernel ends at once.
    ///   - reap: told of each that ended, with the status of `waitpid(2)`.
    package static func endDescendants(controlGroup: String?, reap: (Int32, Int32) -> Void) {
        while collect(reap) {
            if let controlGroup { writeText("1", to: controlGroup + "/cgroup.kill") }
            for pid in below(getpid()) { kill(pid, SIGKILL) }
            // One of them ends, or the next look finds those that came meanwhile.
            waitForEnd(milliseconds: 20)
        }
    }

    /// Takes notice of children that ended; `false` when there are no others.
    package static func collect(_ reap: (Int32, Int32) -> Void) -> Bool {
        while true {
            var status: Int32 = 0
            let pid = unsafe waitpid(-1, &status, WNOHANG)
            if pid > 0 {
                reap(pid, status)
            } else if pid == 0 {
                return true
            } else if errno != EINTR {
                return false
            }
        }
    }

    /// SIGCHLD stays there for whoever waits for it next.
    private static func waitForEnd(milliseconds: Int) {
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe sigaddset(&signals, SIGCHLD)
        var time = timespec(tv_sec: 0, tv_nsec: milliseconds * 1_000_000)
        unsafe sigtimedwait(&signals, nil, &time)
    }

    /// By `/proc`: the kernel's own list of children is not in every kernel.
    private static func below(_ ancestor: Int32) -> [Int32] {
        var children: [Int32: [Int32]] = [:]
        for pid in pids() {
            guard let parent = ProcessIdentity.parent(of: pid) else { continue }
            children[parent, default: []].append(pid)
        }
        var found: [Int32] = []
        var ahead = [ancestor]
        while let next = ahead.popLast() {
            let below = children[next] ?? []
            found += below
            ahead += below
        }
        return found
    }

    private static func pids() -> [Int32] {
        guard case .success(let names) = FileReader.names(in: "/proc") else { return [] }
        return names.compactMap { Int32($0) }
    }

    private static func writeText(_ text: String, to path: String) {
        let descriptor = unsafe open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        unsafe write(descriptor, text, text.utf8.count)
    }
}
