// SPDX-License-Identifier: Apache-2.0

import Glibc

/// An empty directory of its own, removed with everything in it when the value goes away.
package final class ScratchDirectory: Sendable {
    package let path: String

    package init() throws {
        var template = Array(
            "\(getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp")/canaryctl-test-XXXXXX".utf8CString
        )
        guard let made = mkdtemp(&template) else { throw FailedCall(name: "mkdtemp", number: errno) }
        path = String(cString: made)
    }

    deinit {
        Self.removeTree(path)
    }

    /// Removes a directory's entries first; links are removed, not followed.
    private static func removeTree(_ path: String) {
        chmod(path, 0o700)
        if let directory = opendir(path) {
            while let entry = readdir(directory) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                guard name != ".", name != ".." else { continue }
                let isDirectory = entry.pointee.d_type == UInt8(DT_DIR)
                if isDirectory { removeTree("\(path)/\(name)") } else { unlink("\(path)/\(name)") }
            }
            closedir(directory)
        }
        rmdir(path)
    }

    /// The path of an entry, which need not exist.
    package func path(_ name: String) -> String {
        "\(path)/\(name)"
    }

    /// Makes or replaces a file.
    @discardableResult
    package func write(_ text: String, to name: String) throws -> String {
        try write(Array(text.utf8), to: name)
    }

    /// Makes or replaces a file, and the directories that its name asks for.
    @discardableResult
    package func write(_ bytes: [UInt8], to name: String) throws -> String {
        let file = path(name)
        for (index, character) in name.enumerated() where character == "/" {
            mkdir(path(String(name.prefix(index))), 0o700)
        }
        let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw FailedCall(name: "open", number: errno) }
        defer { close(descriptor) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { throw FailedCall(name: "write", number: errno) }
            rest = rest.dropFirst(count)
        }
        return file
    }
}

/// A system call that a test needs did not work.
package struct FailedCall: Error {
    package let name: String
    package let number: Int32

    package init(name: String, number: Int32) {
        self.name = name
        self.number = number
    }
}
