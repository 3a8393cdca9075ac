// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CLinux
import Glibc

/// Notices that something happened in a directory: a file was touched, made, renamed or removed, or the directory went.
/// Writing into a file is no event, so that the store's own log and its readers wake nobody.
final class DirectoryWatch {
    private let path: String
    /// Readable when something happened; -1 where nothing can be watched.
    let descriptor: Int32
    /// What alone is worth a look; `nil` is anything.
    private let name: String?
    private var watch: Int32 = -1

    init(_ path: String, only name: String? = nil) {
        self.path = path
        self.name = name
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
        let end = Clock.monotonicMilliseconds() + Int64(milliseconds)
        while true {
            var polled = [
                pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: stop.descriptor, events: Int16(POLLIN), revents: 0),
            ]
            let left = max(0, end - Clock.monotonicMilliseconds())
            unsafe poll(&polled, 2, Int32(clamping: left))
            if polled[1].revents != 0 { return false }
            if polled[0].revents == 0 || takeEvents() || left == 0 { return true }
        }
    }

    /// Whether one of the events is worth a look. Who opens a database as root gives its index and log to the owner of the file,
    /// which is an event: readers would wake each other, and themselves, for ever.
    func takeEvents() -> Bool {
        var isWorthIt = false
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = unsafe read(descriptor, &buffer, buffer.count), count > 0 {
            var events = buffer[..<count]
            // inotify(7): watch, mask and cookie of four bytes each, then the length of the name, which ends with NULs.
            while events.count >= 16 {
                let length = events.dropFirst(12).prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
                let name = events.dropFirst(16).prefix(length).prefix { $0 != 0 }
                let text = String(decoding: name, as: UTF8.self)
                isWorthIt = isWorthIt || isWorthLooking(text)
                events = events.dropFirst(16 + length)
            }
        }
        return isWorthIt
    }

    private func isWorthLooking(_ file: String) -> Bool {
        if let name { return file == name }
        return !file.hasSuffix("-shm") && !file.hasSuffix("-wal")
    }
}
