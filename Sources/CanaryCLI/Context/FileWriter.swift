// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// Writes whole files.
enum FileWriter {
    /// Makes a directory, and those above it, unless it is there.
    static func makeDirectory(_ path: String) -> Result<Void, SystemCallError> {
        if mkdir(path, 0o755) == 0 { return .success(()) }
        if errno == EEXIST { return isDirectory(path) }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex else {
            return .failure(SystemCallError(errno))
        }
        return makeDirectory(String(path[..<slash])).flatMap {
            // Another process may have been faster.
            mkdir(path, 0o755) == 0 || errno == EEXIST
                ? isDirectory(path) : .failure(SystemCallError(errno))
        }
    }

    private static func isDirectory(_ path: String) -> Result<Void, SystemCallError> {
        FileReader.type(of: path).flatMap {
            $0 == .directory ? .success(()) : .failure(SystemCallError(ENOTDIR))
        }
    }

    /// Puts a file in the place of another one at once: readers see the old or the new content, also after a loss of power.
    /// `false` where the content is the same already, which leaves the file alone.
    static func replace(path: String, with bytes: [UInt8]) -> Result<Bool, SystemCallError> {
        if case .success(let present) = FileReader.read(path: path), present == bytes {
            return .success(false)
        }
        // A name of its own: what another process writes at the same time is no concern of this one. One that a process of the
        // same number left behind when it was killed is nobody's.
        let fresh = "\(path).\(getpid()).new"
        unlink(fresh)
        let descriptor = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { return .failure(SystemCallError(errno)) }
        defer { close(descriptor) }
        guard write(bytes, to: descriptor), fsync(descriptor) == 0, rename(fresh, path) == 0 else {
            let error = SystemCallError(errno)
            unlink(fresh)
            return .failure(error)
        }
        return .success(true)
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var start = 0
        while start < bytes.count {
            let count = bytes[start...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count >= 0 || errno == EINTR else { return false }
            start += max(count, 0)
        }
        return true
    }

    /// Makes the names in a directory last.
    static func synchronize(directory: String) -> Result<Void, SystemCallError> {
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return .failure(SystemCallError(errno)) }
        defer { close(descriptor) }
        return fsync(descriptor) == 0 ? .success(()) : .failure(SystemCallError(errno))
    }
}
