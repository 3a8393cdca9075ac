// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CLinux
import Glibc

/// Notices that something happened in a directory: a file was touched, made, renamed or removed, or the directory went.
/// Writing into a file is no event, so that the store's own log and its readers wake nobody.
final class DirectoryWatch {
    private let path: String
    private let descriptor: Int32
    private var watch: Int32 = -1

    init(_ path: String) {
        self.path = path
        // Without inotify (its instances are limited for each user) every wait runs to its end, which is slower only.
        descriptor = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Watches the directory that is at the path now, and forgets one that was there before.
    func renew() {
        let events = IN_ATTRIB | IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF
        let renewed = unsafe inotify_add_watch(descriptor, path, UInt32(events) | UInt32(IN_ONLYDIR))
        if watch >= 0, watch != renewed { inotify_rm_watch(descriptor, watch) }
        watch = renewed
    }

    /// Waits for an event, a signal or the end of the time; `false` for the signal.
    func wait(milliseconds: Int32, unless stop: EventDescriptor) -> Bool {
        var polled = [
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: stop.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        unsafe poll(&polled, 2, milliseconds)
        var buffer = [UInt8](repeating: 0, count: 4096)
        while polled[0].revents != 0, unsafe read(descriptor, &buffer, buffer.count) > 0 {}
        return polled[1].revents == 0
    }
}
