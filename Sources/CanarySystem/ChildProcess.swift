// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// A program that runs beside this one.
package struct ChildProcess {
    package let pid: Int32

    /// Starts a program that reads nothing, and that no signal is kept from. A name without slash is looked for in `PATH`.
    ///
    /// - Parameter descriptors: those that it has besides, by ours; all others are to be closed on exec.
    /// - Parameter hasOwnSession: whether the end of the terminal is not its own.
    package init(
        _ program: String,
        _ arguments: [String],
        _ environment: [String: String],
        descriptors: [(ours: Int32, its: Int32)],
        hasOwnSession: Bool = false
    ) throws(SystemCallError) {
        // All of what follows is C's, made, lent to the one call, and freed here.
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        for (ours, its) in descriptors { unsafe posix_spawn_file_actions_adddup2(&actions, ours, its) }
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        unsafe sigemptyset(&none)
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        var usual = sigset_t()
        unsafe sigemptyset(&usual)
        unsafe sigaddset(&usual, SIGPIPE)
        unsafe posix_spawnattr_setsigdefault(&attributes, &usual)
        let session = hasOwnSession ? Int32(canary_posix_spawn_setsid) : 0
        let flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | session
        unsafe posix_spawnattr_setflags(&attributes, Int16(flags))
        var words = unsafe ([program] + arguments).map { unsafe strdup($0) } + [nil]
        var variables = unsafe environment.map { unsafe strdup("\($0.key)=\($0.value)") } + [nil]
        defer { unsafe (words + variables).forEach { unsafe free($0) } }
        var pid = pid_t()
        let error = unsafe posix_spawnp(&pid, program, &actions, &attributes, &words, &variables)
        guard error == 0 else { throw SystemCallError(error) }
        self.pid = pid
        canary_restore_descriptor_limit(pid)
    }
}
