// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A process and what it started, told by a variable of the environment that they inherit: whoever leaves its parent, its group and its
/// session still has it. (Jenkins finds the processes of a build so.)
package enum ProcessFamily {
    /// Those that start others faster than they are ended are given up after so many looks.
    private static let mostRounds = 20

    /// Ends every process that has the variable.
    ///
    /// - Parameter variable: `NAME=value`, with a value that nobody else has.
    package static func end(markedBy variable: String) {
        let mark = Array(variable.utf8)
        for _ in 0..<mostRounds {
            let members = pids().filter { environment(of: $0).contains { $0.elementsEqual(mark) } }
            guard !members.isEmpty else { return }
            for pid in members { kill(pid, SIGKILL) }
        }
    }

    private static func pids() -> [Int32] {
        guard case .success(let names) = FileReader.names(in: "/proc") else { return [] }
        return names.compactMap { Int32($0) }
    }

    /// Empty for one that has ended, and for those of others.
    private static func environment(of pid: Int32) -> [ArraySlice<UInt8>] {
        guard case .success(let bytes) = FileReader.read(path: "/proc/\(pid)/environ") else { return [] }
        return bytes.split(separator: 0)
    }
}
