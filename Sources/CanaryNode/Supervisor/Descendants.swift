// SPDX-License-Identifier: Apache-2.0

import CLinux
import CanarySystem
import Glibc

/// The processes below this one. Those whose parents end become its own children (`PR_SET_CHILD_SUBREAPER`), so that none gets away.
enum Descendants {
    /// Kills all of them, however fast they make new ones.
    ///
    /// - Parameter controlGroup: a group of the unified hierarchy that they are in, which the kernel kills at once.
    /// - Parameter reap: told of each that ended, with the status of `waitpid(2)`.
    static func kill(controlGroup: String?, reap: (pid_t, Int32) -> Void) {
        while true {
            guard collect(reap) else { return }
            if let controlGroup { writeText("1", to: controlGroup + "/cgroup.kill") }
            for pid in below(getpid()) { Glibc.kill(pid, SIGKILL) }
            // One of them ends, or the next look finds those that came meanwhile.
            waitForEnd(milliseconds: 20)
        }
    }

    /// Takes notice of those that ended; `false` when there are no others.
    static func collect(_ reap: (pid_t, Int32) -> Void) -> Bool {
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

    /// SIGCHLD is blocked, so that it stays there for whoever waits for it next.
    private static func waitForEnd(milliseconds: Int) {
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe sigaddset(&signals, SIGCHLD)
        var time = timespec(tv_sec: 0, tv_nsec: milliseconds * 1_000_000)
        unsafe sigtimedwait(&signals, nil, &time)
    }

    /// All of them, by `/proc`: the kernel's own list of children is not in every kernel.
    private static func below(_ ancestor: pid_t) -> [pid_t] {
        guard case .success(let names) = FileReader.names(in: "/proc") else { return [] }
        var children: [pid_t: [pid_t]] = [:]
        for name in names {
            guard let pid = pid_t(name), let parent = ProcessIdentity.parent(of: pid) else { continue }
            children[parent, default: []].append(pid)
        }
        var found: [pid_t] = []
        var ahead = [ancestor]
        while let next = ahead.popLast() {
            let below = children[next] ?? []
            found += below
            ahead += below
        }
        return found
    }

    private static func writeText(_ text: String, to path: String) {
        let descriptor = unsafe open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        unsafe write(descriptor, text, text.utf8.count)
    }
}
