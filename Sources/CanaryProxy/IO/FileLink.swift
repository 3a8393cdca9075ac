// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Symbolic links.
enum FileLink {
    /// What a link points to; `nil` where it is none, or too long.
    static func target(_ path: String) -> String? {
        var target = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = target.withUnsafeMutableBytes { room in
            guard let base = room.baseAddress else { return 0 }
            return readlink(path, base.assumingMemoryBound(to: CChar.self), room.count)
        }
        return count > 0 && count < target.count ? String(decoding: target[..<count], as: UTF8.self) : nil
    }
}
