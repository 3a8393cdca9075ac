// SPDX-License-Identifier: Apache-2.0

import CLinux
import CanaryResources
import Glibc

/// A system call that failed, in the words of the C library: `permission denied`.
package struct SystemCallError: Error, Hashable {
    package var number: Int32

    package init(_ number: Int32) {
        self.number = number
    }

    package var reason: String {
        guard let text = strerror(number) else { return "error \(number)" }
        let message = String(cString: text)
        return message.prefix(1).lowercased() + message.dropFirst()
    }

    /// Whether the reason is that nothing has this name.
    var isMissing: Bool { number == ENOENT }
}

/// Reads whole files and lists directories.
enum FileReader {
    /// More than this is no manifest: a device without an end, or the wrong file.
    private static let mostBytes = 1 << 30

    static func read(path: String) -> Result<[UInt8], SystemCallError> {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return .failure(SystemCallError(errno)) }
        defer { close(descriptor) }
        return readAll(descriptor: descriptor)
    }

    static func readAll(descriptor: Int32) -> Result<[UInt8], SystemCallError> {
        var bytes: [UInt8] = []
        var status = stat()
        if fstat(descriptor, &status) == 0, (1..<mostBytes).contains(Int(status.st_size)) {
            bytes.reserveCapacity(Int(status.st_size) + 1)
        }
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
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

    enum FileType { case file, directory, other }

    static func type(of path: String) -> Result<FileType, SystemCallError> {
        var status = stat()
        guard stat(path, &status) == 0 else { return .failure(SystemCallError(errno)) }
        switch status.st_mode & S_IFMT {
        case S_IFDIR: return .success(.directory)
        case S_IFREG: return .success(.file)
        default: return .success(.other)
        }
    }

    static func isLink(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
    }

    /// The name in the same directory that was meant by one that is not there.
    static func neighbour(of path: String) -> String? {
        guard let slash = path.lastIndex(of: "/") else { return nil }
        let names = (try? names(in: String(path[...slash])).get()) ?? []
        return Suggestion.closest(to: String(path[path.index(after: slash)...]), among: names)
    }

    /// The names in a directory in order, `.` and `..` left out.
    static func names(in directory: String) -> Result<[String], SystemCallError> {
        guard let stream = opendir(directory) else { return .failure(SystemCallError(errno)) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return .success(names.sorted())
    }

    static func linkTarget(_ path: String) -> String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(path, &buffer, buffer.count)
        guard count > 0 else { return nil }
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
