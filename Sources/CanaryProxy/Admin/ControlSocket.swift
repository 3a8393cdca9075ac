// SPDX-License-Identifier: Apache-2.0

import CLinux
import CanarySystem
import Glibc

/// A proxy's own socket in the store directory, which only its owner can open: `admin-PID.sock`.
///
/// It is reached through the directory's descriptor, so that the length of the directory's path does not matter.
package struct ControlSocket: Sendable {
    package let path: String
    let descriptor: Int32
    /// The socket's file: tells it from one that came to its place.
    private let device: dev_t
    private let inode: ino_t
    private static let prefix = "admin-"
    private static let suffix = ".sock"
    /// Of sockets that do not listen yet.
    private static let freshPrefix = ".admin-"
    /// How long a socket may take to listen, in milliseconds.
    private static let freshTime: Int64 = 60_000

    /// Gives a file of a directory a second name; -1 with an `errno`.
    typealias Link = (_ directory: Int32, _ name: String, _ second: String) -> Int32

    /// Opens the socket of this process. What proxies that were killed left behind is removed.
    ///
    /// - Parameter now: milliseconds since 1970, as the files of the directory have them.
    static func open(
        in directory: String,
        now: Int64 = Clock.wallMilliseconds(),
        link: Link = { unsafe linkat($0, $1, $0, $2, 0) }
    ) throws(ProxyError) -> ControlSocket {
        let place = unsafe Glibc.open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard place >= 0 else { throw failure(directory, errno) }
        defer { close(place) }
        guard isOwn(place) else { throw failure(directory, EACCES) }
        removeAbandoned(in: place, directory, now)
        let descriptor = try newSocket(directory)
        // It gets its name when it listens: whoever finds one that does not would take it for abandoned.
        let fresh = "\(freshPrefix)\(UUID.random())"
        defer { unsafe unlinkat(place, fresh, 0) }
        var file = stat()
        let listens =
            unsafe withAddress(fresh, in: place) { unsafe bind(descriptor, $0, $1) } == 0
            && fchmodat(place, fresh, 0o600, 0) == 0 && listen(descriptor, 16) == 0
            && fstatat(place, fresh, &file, AT_SYMLINK_NOFOLLOW) == 0
        guard listens, let name = name(fresh, in: place, link) else {
            let reason = errno
            close(descriptor)
            throw failure(directory, reason)
        }
        return ControlSocket(
            path: "\(directory)/\(name)",
            descriptor: descriptor,
            device: file.st_dev,
            inode: file.st_ino
        )
    }

    /// Gives a socket the first name of this process that is free; `nil` with an `errno`.
    private static func name(_ fresh: String, in place: Int32, _ link: Link) -> String? {
        // Another container may have a process of the same number, and the same store.
        for attempt in 0..<100 {
            let name = "\(prefix)\(getpid())\(attempt == 0 ? "" : "-\(attempt)")\(suffix)"
            if link(place, fresh, name) == 0 { return name }
            if hasNoLinks(errno), unsafe canary_rename_new(place, fresh, name) == 0 { return name }
            guard errno == EEXIST else { return nil }
        }
        return nil
    }

    /// Whether a file system without hard links would say so.
    private static func hasNoLinks(_ number: Int32) -> Bool {
        [EPERM, EOPNOTSUPP, ENOSYS, EMLINK].contains(number)
    }

    private static func removeAbandoned(in place: Int32, _ directory: String, _ now: Int64) {
        for name in names(in: directory) where isAbandoned(name, in: place) {
            unsafe unlinkat(place, name, 0)
        }
        // Another proxy may be about to have one of these listen.
        for name in names(in: directory, from: freshPrefix) where isAbandoned(name, in: place) {
            var file = stat()
            guard unsafe fstatat(place, name, &file, AT_SYMLINK_NOFOLLOW) == 0,
                Int64(file.st_mtim.tv_sec) * 1000 < now - freshTime
            else { continue }
            unsafe unlinkat(place, name, 0)
        }
    }

    /// Whether its path still leads to it: the directory may have been moved, removed or replaced.
    var isInPlace: Bool {
        var file = stat()
        return unsafe lstat(path, &file) == 0 && file.st_dev == device && file.st_ino == inode
    }

    /// Whoever owns the directory could put another socket in this one's place.
    private static func isOwn(_ place: Int32) -> Bool {
        var status = stat()
        return unsafe fstat(place, &status) == 0 && status.st_uid == geteuid()
    }

    /// The processes behind the sockets of a directory. Those of processes that are known are not asked.
    package static func owners(in directory: String, besides known: Set<Int32> = []) -> [Int32] {
        let place = unsafe Glibc.open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard place >= 0 else { return [] }
        defer { close(place) }
        let knownNames = Set(known.map { "\(prefix)\($0)\(suffix)" })
        return names(in: directory).filter { !knownNames.contains($0) }
            .compactMap { owner(of: $0, in: place) }.sorted()
    }

    static func names(in directory: String) -> [String] {
        names(in: directory, from: prefix).filter { $0.hasSuffix(suffix) }
    }

    private static func names(in directory: String, from start: String) -> [String] {
        ((try? FileReader.names(in: directory).get()) ?? []).filter { $0.hasPrefix(start) }
    }

    private static func isAbandoned(_ name: String, in place: Int32) -> Bool {
        guard let descriptor = try? newSocket(name) else { return false }
        defer { close(descriptor) }
        return unsafe withAddress(name, in: place) { unsafe connect(descriptor, $0, $1) } != 0
            && errno == ECONNREFUSED
    }

    private static func owner(of name: String, in place: Int32) -> Int32? {
        guard let (pid, descriptor) = connection(to: name, in: place) else { return nil }
        close(descriptor)
        return pid
    }

    /// Connections to the sockets of a directory, which whoever asks closes, with the processes behind them.
    static func connections(in directory: String) -> [(pid: Int32, descriptor: Int32)] {
        let place = unsafe Glibc.open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard place >= 0 else { return [] }
        defer { close(place) }
        return names(in: directory).compactMap { connection(to: $0, in: place) }.sorted { $0.pid < $1.pid }
    }

    private static func connection(to name: String, in place: Int32) -> (pid: Int32, descriptor: Int32)? {
        guard let descriptor = try? newSocket(name) else { return nil }
        let isOpen = unsafe withAddress(name, in: place) { unsafe connect(descriptor, $0, $1) } == 0
        let pid = isOpen ? canary_peer_pid(descriptor) : -1
        guard pid > 0 else {
            close(descriptor)
            return nil
        }
        return (pid, descriptor)
    }

    static func newSocket(_ place: String) throws(ProxyError) -> Int32 {
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_UNIX, kind, 0)
        guard descriptor >= 0 else { throw failure(place, errno) }
        return descriptor
    }

    static func withAddress(
        _ name: String,
        in place: Int32,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let path = Array("/proc/self/fd/\(place)/\(name)".utf8)
        let fits = unsafe withUnsafeMutableBytes(of: &address.sun_path) { room in
            guard path.count < room.count else { return false }
            unsafe room.copyBytes(from: path)
            return true
        }
        guard fits else {
            errno = ENAMETOOLONG
            return -1
        }
        return unsafe withUnsafePointer(to: address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    private static func failure(_ path: String, _ reason: Int32) -> ProxyError {
        .cannotListen(address: path, reason: SystemCallError(reason).reason)
    }
}
