// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// Ends a wait in another thread. Once given, a signal stays given.
package final class StopSignal: Sendable {
    /// Readable once the signal is given; -1 if the process has no file descriptor left.
    let descriptor: Int32

    package init() {
        descriptor = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
    }

    deinit {
        close(descriptor)
    }

    /// Waits for the signal; `false` when the time is over before.
    package func wait(milliseconds: Int32) -> Bool {
        var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&polled, 1, milliseconds) > 0
    }

    package func stop() {
        var one: UInt64 = 1
        _ = write(descriptor, &one, 8)
    }
}
