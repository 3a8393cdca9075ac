// SPDX-License-Identifier: Apache-2.0

/// What `/proc` says of the process that asks.
package enum CurrentProcess {
    /// The path of the program; `nil` where `/proc` is not there.
    package static var executable: String? { FileReader.linkTarget("/proc/self/exe") }

    package static var workingDirectory: String? { FileReader.linkTarget("/proc/self/cwd") }

    /// The environment at the start of the process; of several variables of one name the first.
    package static var environment: [String: String] {
        // From /proc and not from the mutable C global; nothing in this program changes the environment.
        guard case .success(let bytes) = FileReader.read(path: "/proc/self/environ") else { return [:] }
        let pairs = bytes.split(separator: 0).compactMap { entry -> (String, String)? in
            guard let equals = entry.firstIndex(of: UInt8(ascii: "=")) else { return nil }
            return (
                String(decoding: entry[..<equals], as: UTF8.self),
                String(decoding: entry[(equals + 1)...], as: UTF8.self)
            )
        }
        return Dictionary(pairs) { first, _ in first }
    }

    /// The path of a file that is open; `nil` for what has none.
    package static func path(of descriptor: Int32) -> String? {
        FileReader.linkTarget("/proc/self/fd/\(descriptor)")
    }
}
