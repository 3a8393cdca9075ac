// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// The directory that holds a store.
package struct StoreLocation: Hashable, Sendable {
    package let directory: String

    /// A relative path is taken from the working directory.
    package init(_ directory: String) {
        // SQLite would read a path that starts with "file:" as a URI.
        self.directory = directory.hasPrefix("/") ? directory : "./\(directory)"
    }

    package func path(of name: String) -> String {
        directory.hasSuffix("/") ? directory + name : "\(directory)/\(name)"
    }

    /// Makes the directory and its missing parents, each with mode 0700, and checks that it is the user's own.
    ///
    /// A directory of another user is refused: the store says what to run and where to send traffic, and who owns
    /// the directory can change it at will.
    package func makeDirectory() throws(StoreError) {
        try requireShortPath()
        var path = ""
        for part in directory.split(separator: "/", omittingEmptySubsequences: false) {
            path +=
                path.isEmpty && part.isEmpty
                ? "/" : path.hasSuffix("/") || path.isEmpty ? "\(part)" : "/\(part)"
            guard unsafe mkdir(path, 0o700) != 0 else {
                Self.synchronize(directory: "\(path)/..")
                continue
            }
            let number = errno
            if number != EEXIST, !Self.exists(path) {
                throw .system("make the directory", path, errno: number)
            }
        }
        guard try isOwnDirectory() else { throw .system("make the directory", directory, errno: ENOENT) }
    }

    /// Whether the directory is there. Throws when something else is at its place or it belongs to another user.
    func isOwnDirectory() throws(StoreError) -> Bool {
        try requireShortPath()
        var status = stat()
        guard unsafe stat(directory, &status) == 0 else {
            if errno == ENOENT { return false }
            throw .system("open the cluster store at", directory, errno: errno)
        }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw .notADirectory(directory) }
        let user = geteuid()
        guard status.st_uid == user else {
            throw .foreignOwner(directory, owner: Self.name(of: status.st_uid), user: Self.name(of: user))
        }
        return true
    }

    /// Makes the names in the directory last, also through a loss of power. A file system that cannot say so has none to lose, or
    /// nothing that could be done about it.
    func synchronize() {
        Self.synchronize(directory: directory)
    }

    private static func synchronize(directory: String) {
        let descriptor = unsafe open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    /// SQLite takes paths of at most 511 bytes, the names of its files included, and says no more than that it cannot open one.
    private func requireShortPath() throws(StoreError) {
        guard directory.utf8.count > 480 else { return }
        throw .tooLong(directory)
    }

    /// Whether a path leads to a plain file, or nowhere.
    static func isFileOrMissing(_ path: String) -> Bool {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { return errno == ENOENT }
        return status.st_mode & S_IFMT == S_IFREG
    }

    private static func exists(_ path: String) -> Bool {
        var status = stat()
        return unsafe stat(path, &status) == 0
    }

    private static func name(of user: uid_t) -> String {
        var entry = unsafe passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 4096)
        guard unsafe getpwuid_r(user, &entry, &buffer, buffer.count, &found) == 0, let found = unsafe found,
            let name = unsafe found.pointee.pw_name
        else { return "user \(user)" }
        return unsafe "user \(String(cString: name))"
    }
}

/// Which file a path leads to, or a descriptor holds: tells a replaced file from the old one.
struct FileIdentity: Equatable {
    private let device: UInt64
    private let inode: UInt64
    let size: Int64

    static func == (left: FileIdentity, right: FileIdentity) -> Bool {
        (left.device, left.inode) == (right.device, right.inode)
    }

    private init(_ status: stat) {
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        size = Int64(status.st_size)
    }

    /// `nil` if there is no file or it cannot be looked at.
    init?(path: String) {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        self.init(status)
    }

    /// Whether the process may hardly write on behind a database's files: SQLite keeps to itself that this made a write fail.
    static func isAtSizeLimit(_ database: String) -> Bool {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0,
            let most = Int64(exactly: limit.rlim_cur)
        else { return false }
        return ["", "-wal", "-shm"].contains { suffix in
            FileIdentity(path: database + suffix).map { $0.size >= most - (1 << 16) } ?? false
        }
    }

    init?(descriptor: Int32) {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { return nil }
        self.init(status)
    }
}
