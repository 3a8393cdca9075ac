// SPDX-License-Identifier: Apache-2.0

import CLinux
import CanaryResources
import CanarySystem
import Glibc

/// The file that has what a container wrote, in the format of the Container Runtime Interface: time, stream, `F` for a line or `P` for
/// a part of one, and the text. There are never more than two files of a bounded size: the older one has `.1` behind its name.
///
/// What the disk has no room for is left out, and the next line that there is room for says how much that was.
package struct ContainerLog {
    /// Kubernetes' `containerLogMaxSize`.
    package static let usualBytes = 10 << 20
    /// Longer lines are kept in parts, as containerd does.
    private static let longestLine = 16 << 10

    private let path: String
    private let mostBytes: Int
    private var descriptor: Int32 = -1
    private var size = 0
    private var partial: [UInt8] = []
    private var lostBytes = 0

    package init(path: String, mostBytes: Int = usualBytes) {
        self.path = path
        self.mostBytes = mostBytes
    }

    /// Adds what the container wrote.
    package mutating func append(_ bytes: ArraySlice<UInt8>, at wallNanoseconds: UInt64) {
        let stamp = Array("\(Self.stamp(wallNanoseconds)) stdout ".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count + 128)
        var rest = bytes
        while !rest.isEmpty {
            let room = Self.longestLine - partial.count
            let end = rest.prefix(room).firstIndex(of: UInt8(ascii: "\n"))
            guard end != nil || rest.count >= room else {
                partial += rest
                break
            }
            let line = rest.prefix(upTo: end ?? rest.startIndex + room)
            text += stamp
            text += (end == nil ? "P " : "F ").utf8
            text += partial
            text += line
            text.append(UInt8(ascii: "\n"))
            partial.removeAll(keepingCapacity: true)
            rest = rest[(end.map { $0 + 1 } ?? line.endIndex)...]
        }
        write(text)
    }

    /// Adds the last line, if the container did not end it.
    package mutating func finish(at wallNanoseconds: UInt64) {
        if !partial.isEmpty { append([UInt8(ascii: "\n")], at: wallNanoseconds) }
        close()
    }

    private mutating func write(_ text: [UInt8]) {
        guard !text.isEmpty else { return }
        if size + text.count > mostBytes { rotate() }
        if descriptor < 0 { open() }
        guard descriptor >= 0, put(lossNotice + text) else {
            lostBytes += text.count
            return
        }
        lostBytes = 0
    }

    private var lossNotice: [UInt8] {
        guard lostBytes > 0 else { return [] }
        let time = Self.stamp(Clock.wallNanoseconds())
        return Array("\(time) stderr F [\(lostBytes) bytes lost: this file could not be written]\n".utf8)
    }

    /// Whether all of it was written.
    private mutating func put(_ text: [UInt8]) -> Bool {
        guard unsafe text.withUnsafeBytes({ unsafe FileWriter.write($0, to: descriptor) }) == nil else {
            // The half of a line would be read as one.
            ftruncate(descriptor, off_t(size))
            return false
        }
        size += text.count
        return true
    }

    /// RFC 3339 with nanoseconds.
    private static func stamp(_ wallNanoseconds: UInt64) -> String {
        let seconds = CalendarTime(milliseconds: Int64(wallNanoseconds / 1_000_000)).text.dropLast()
        let fraction = String(wallNanoseconds % 1_000_000_000)
        return "\(seconds).\(String(repeating: "0", count: 9 - fraction.count))\(fraction)Z"
    }

    private mutating func rotate() {
        close()
        unsafe rename(path, path + ".1")
    }

    private mutating func open() {
        // A link in the place of the file would have its target written.
        descriptor = unsafe Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
        size = descriptor < 0 ? 0 : max(0, Int(lseek(descriptor, 0, SEEK_END)))
    }

    private mutating func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
        size = 0
    }
}
