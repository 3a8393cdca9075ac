// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CanaryTestSupport
import Glibc

/// The processes that a test's node and its commands have made, wherever they went: all have the test's store in their environment.
struct NodeProcesses {
    struct Member {
        var pid: pid_t
        var words: [String]
        /// `NAME=value`, each.
        var variables: [String]
    }

    let members: [Member]

    init(in scratch: ScratchDirectory) {
        let mark = "CANARYCTL_STORE=\(scratch.path("store"))"
        members = ((try? FileReader.names(in: "/proc").get()) ?? []).compactMap { name in
            guard let pid = pid_t(name) else { return nil }
            let variables = Self.texts("/proc/\(name)/environ")
            guard variables.contains(mark) else { return nil }
            return Member(pid: pid, words: Self.texts("/proc/\(name)/cmdline"), variables: variables)
        }
    }

    /// Those in whose command line a text is; of a pod these are its processes and their supervisor.
    func with(_ text: String) -> [Member] {
        members.filter { $0.words.contains { $0.contains(text) } }
    }

    private static func texts(_ path: String) -> [String] {
        guard let bytes = try? FileReader.read(path: path).get() else { return [] }
        return bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }
}
