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

    package func stop() {
        var one: UInt64 = 1
        _ = write(descriptor, &one, 8)
    }
}
