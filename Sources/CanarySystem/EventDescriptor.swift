// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// A signal from one thread to others, as a descriptor that can be polled beside others. Once given, it stays given until somebody
/// clears it.
package final class EventDescriptor: Sendable {
    /// Readable while the signal is given; -1 if the process has no file descriptor left, and then waiting takes all its time.
    package let descriptor: Int32

    /// Where it fails, `errno` says why.
    package init() {
        descriptor = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
    }

    deinit {
        close(descriptor)
    }

    package func signal() {
        var one: UInt64 = 1
        _ = unsafe write(descriptor, &one, MemoryLayout<UInt64>.size)
    }

    /// Takes the signal back, however often it was given.
    package func clear() {
        var count: UInt64 = 0
        _ = unsafe read(descriptor, &count, MemoryLayout<UInt64>.size)
    }

    /// Waits for the signal, -1 for as long as it takes; `false` when the time is over before.
    @discardableResult
    package func wait(milliseconds: Int32) -> Bool {
        var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&polled, 1, milliseconds) > 0
    }
}
