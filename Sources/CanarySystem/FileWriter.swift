// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// Writes whole files.
package enum FileWriter {
    /// Makes a directory, and those above it, unless it is there.
    package static func makeDirectory(_ path: String) -> Result<Void, SystemCallError> {
        if unsafe mkdir(path, 0o755) == 0 { return .success(()) }
        if errno == EEXIST { return isDirectory(path) }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex else {
            return .failure(SystemCallError(errno))
        }
        return makeDirectory(String(path[..<slash])).flatMap {
            // Another process may have been faster.
            unsafe mkdir(path, 0o755) == 0 || errno == EEXIST
                ? isDirectory(path) : .failure(SystemCallError(errno))
        }
    }

    private static func isDirectory(_ path: String) -> Result<Void, SystemCallError> {
        FileReader.type(of: path).flatMap {
            $0 == .directory ? .success(()) : .failure(SystemCallError(ENOTDIR))
        }
    }

    /// Puts a file in the place of another one at once: readers see the old or the new content, also after a loss of power.
    /// `false` where the content is the same already, which leaves the file alone. A new one has the permissions of `mode`.
    package static func replace(path: String, with bytes: [UInt8], mode: UInt32 = 0o644) -> Result<
        Bool, SystemCallError
    > {
        if case .success(let present) = FileReader.read(path: path), present == bytes {
            return .success(false)
        }
        // A name of its own: what another process writes at the same time is no concern of this one. One that a process of the
        // same number left behind when it was killed is nobody's.
        let fresh = "\(path).\(getpid()).new"
        unsafe unlink(fresh)
        let descriptor = unsafe open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { return .failure(SystemCallError(errno)) }
        defer { close(descriptor) }
        if let error = unsafe put(bytes, into: descriptor)
            ?? (rename(fresh, path) == 0 ? nil : SystemCallError(errno))
        {
            unsafe unlink(fresh)
            return .failure(error)
        }
        return .success(true)
    }

    /// Writes what is to outlast a loss of power; why it could not be.
    private static func put(_ bytes: [UInt8], into descriptor: Int32) -> SystemCallError? {
        if let failure = unsafe bytes.withUnsafeBytes({ unsafe write($0, to: descriptor) }) {
            return failure.error
        }
        return fsync(descriptor) == 0 ? nil : SystemCallError(errno)
    }

    /// Writes all bytes to an open file, pipe or terminal, and waits where it takes no more for now.
    ///
    /// - Returns: `nil`, or how many bytes were written and why the others could not be.
    package static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> (
        count: Int, error: SystemCallError
    )? {
        var count = 0
        while count < bytes.count {
            let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[count...])
            let written = unsafe Glibc.write(descriptor, rest.baseAddress, rest.count)
            if written > 0 {
                count += written
            } else if errno == EAGAIN {
                // Whoever shares the descriptor may have made it non-blocking.
                var polled = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                unsafe poll(&polled, 1, -1)
            } else if errno != EINTR {
                return (count, SystemCallError(errno))
            }
        }
        return nil
    }

    /// Makes the names in a directory last.
    package static func synchronize(directory: String) -> Result<Void, SystemCallError> {
        let descriptor = unsafe open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return .failure(SystemCallError(errno)) }
        defer { close(descriptor) }
        return fsync(descriptor) == 0 ? .success(()) : .failure(SystemCallError(errno))
    }
}
