// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// Reads whole files and lists directories.
package enum FileReader {
    /// More than this is no manifest: a device without an end, or the wrong file.
    private static let mostBytes = 1 << 30

    package static func read(path: String) -> Result<[UInt8], SystemCallError> {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return .failure(SystemCallError(errno)) }
        defer { close(descriptor) }
        return readAll(descriptor: descriptor)
    }

    package static func readAll(descriptor: Int32) -> Result<[UInt8], SystemCallError> {
        var bytes: [UInt8] = []
        var status = stat()
        if unsafe fstat(descriptor, &status) == 0, (1..<mostBytes).contains(Int(status.st_size)) {
            bytes.reserveCapacity(Int(status.st_size) + 1)
        }
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe Glibc.read(descriptor, &chunk, chunk.count)
            if count > 0 {
                bytes.append(contentsOf: chunk[..<count])
                guard bytes.count <= mostBytes else { return .failure(SystemCallError(EFBIG)) }
            } else if count == 0 {
                return .success(bytes)
            } else if errno != EINTR {
                return .failure(SystemCallError(errno))
            }
        }
    }

    /// Reads a file of any size in pieces, and keeps none of them.
    ///
    /// - Parameter use: returns whether to go on.
    package static func read(path: String, use: ([UInt8]) -> Bool) -> SystemCallError? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return SystemCallError(errno) }
        defer { close(descriptor) }
        return read(descriptor: descriptor, use: use)
    }

    package static func read(descriptor: Int32, use: ([UInt8]) -> Bool) -> SystemCallError? {
        while true {
            var count = 0
            let piece = unsafe [UInt8](unsafeUninitializedCapacity: 1 << 18) { room, initialized in
                // What is behind the count that the kernel wrote stays uninitialized.
                count = unsafe Glibc.read(descriptor, room.baseAddress, room.count)
                initialized = max(count, 0)
            }
            if count > 0 {
                guard use(piece) else { return nil }
            } else if count == 0 {
                return nil
            } else if errno != EINTR {
                return SystemCallError(errno)
            }
        }
    }

    package enum FileType { case file, directory, other }

    package static func type(of path: String) -> Result<FileType, SystemCallError> {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return .failure(SystemCallError(errno)) }
        switch status.st_mode & S_IFMT {
        case S_IFDIR: return .success(.directory)
        case S_IFREG: return .success(.file)
        default: return .success(.other)
        }
    }

    package static func isLink(_ path: String) -> Bool {
        var status = stat()
        return unsafe lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
    }

    /// The names in a directory in order, `.` and `..` left out.
    package static func names(in directory: String) -> Result<[String], SystemCallError> {
        guard let stream = unsafe opendir(directory) else { return .failure(SystemCallError(errno)) }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return .success(names.sorted())
    }

    /// What a symbolic link points to; `nil` where there is none, or its target is too long.
    package static func linkTarget(_ path: String) -> String? {
        unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Int(PATH_MAX)) { room in
            guard let base = room.baseAddress else { return nil }
            let count = unsafe base.withMemoryRebound(to: CChar.self, capacity: room.count) {
                unsafe readlink(path, $0, room.count)
            }
            guard count > 0, count < room.count else { return nil }
            return unsafe String(decoding: room[..<count], as: UTF8.self)
        }
    }
}
