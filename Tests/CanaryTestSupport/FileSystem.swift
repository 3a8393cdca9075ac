// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A small file system, as long as it is held.
package struct FileSystem: ~Copyable {
    private let place: String

    /// Only root can mount, and a container may forbid it even to root.
    package static let canBeMounted: Bool = {
        guard let scratch = try? ScratchDirectory(), let disk = try? FileSystem(at: scratch.path) else {
            return false
        }
        return (try? disk.forbidWriting()) != nil
    }()

    package init(at place: String, megabytes: Int = 2) throws {
        guard mount("tmpfs", place, "tmpfs", 0, "size=\(megabytes)m,mode=700") == 0 else {
            throw FailedCall(name: "mount \(place)", number: errno)
        }
        self.place = place
    }

    deinit {
        umount2(place, Int32(MNT_DETACH))
    }

    package func forbidWriting() throws {
        guard mount("tmpfs", place, "tmpfs", UInt(MS_REMOUNT) | UInt(MS_RDONLY), nil) == 0 else {
            throw FailedCall(name: "mount \(place)", number: errno)
        }
    }

    /// Writes a file until there is no room left.
    ///
    /// - Returns: the file, whose end makes room again.
    package func fill() throws -> String {
        let path = "\(place)/filler"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FailedCall(name: "open \(path)", number: errno) }
        defer { close(descriptor) }
        for size in [1 << 16, 1] {
            let bytes = [UInt8](repeating: 0, count: size)
            while write(descriptor, bytes, size) > 0 {}
        }
        return path
    }
}
