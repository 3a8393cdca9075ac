// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Glibc
import Testing

/// A file system of two megabytes, as long as it is held.
struct FileSystem: ~Copyable {
    private let place: String

    /// Only root can mount, and a container may forbid it even to root.
    static let canBeMounted: Bool = {
        guard let scratch = try? ScratchDirectory() else { return false }
        return (try? FileSystem(at: scratch.path))?.forbidsWriting() ?? false
    }()

    init(at place: String) throws {
        try #require(mount("tmpfs", place, "tmpfs", 0, "size=2m,mode=700") == 0)
        self.place = place
    }

    deinit {
        umount2(place, Int32(MNT_DETACH))
    }

    func forbidWriting() throws {
        try #require(forbidsWriting())
    }

    private func forbidsWriting() -> Bool {
        mount("tmpfs", place, "tmpfs", UInt(MS_REMOUNT) | UInt(MS_RDONLY), nil) == 0
    }
}
