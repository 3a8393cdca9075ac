// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CLinux
import Glibc

/// Takes the signals that a proxy knows as data instead of interruptions. Make it before any thread starts: threads inherit the
/// mask.
final class SignalReader {
    private static let known = [SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2]

    private let descriptor: Int32

    init() throws {
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        for signal in Self.known { unsafe sigaddset(&signals, signal) }
        unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
        descriptor = unsafe signalfd(-1, &signals, Int32(SFD_CLOEXEC) | Int32(SFD_NONBLOCK))
        guard descriptor >= 0 else {
            throw CommandError("cannot listen for signals", because: SystemCallError(errno))
        }
    }

    deinit {
        close(descriptor)
    }

    /// The next signal, or `nil` when none comes within the time.
    ///
    /// - Parameter orInput: whether something on standard input ends the wait, too.
    func next(milliseconds: Int32, orInput: Bool = false) -> Int32? {
        var wanted = [pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)]
        if orInput { wanted.append(pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)) }
        guard unsafe poll(&wanted, nfds_t(wanted.count), milliseconds) > 0, wanted[0].revents != 0 else {
            return nil
        }
        var info = signalfd_siginfo()
        guard unsafe read(descriptor, &info, MemoryLayout<signalfd_siginfo>.size) > 0 else { return nil }
        return Int32(info.ssi_signo)
    }
}
