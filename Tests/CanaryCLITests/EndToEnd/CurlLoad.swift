// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CanaryTestSupport
import Synchronization
import Testing

@testable import CanaryCLI

/// curl again and again, each time with some requests over one connection for as long as that lives.
final class CurlLoad: Sendable {
    private struct Tally {
        var requests = 0
        var failures: [String] = []
        var isEnding = false
        var hasEnded = false
    }

    private final class Shared: Sendable {
        let tally = Mutex(Tally())
    }

    private let shared = Shared()

    var requests: Int { shared.tally.withLock(\.requests) }
    /// What went wrong, in curl's words, or answers that were not what they should be.
    var failures: [String] { shared.tally.withLock(\.failures) }

    /// - Parameters:
    ///   - expected: status, HTTP version and size of each answer, with blanks between.
    ///   - words: options and addresses.
    init(expecting expected: String, _ words: [String], in scratch: ScratchDirectory) {
        let shared = shared
        let options = ["-sS", "-o", "/dev/null", "-w", "%{http_code} %{http_version} %{size_download}\n"]
        Thread(name: "curl") {
            repeat {
                let ended = try? Program(["curl"] + options + words, in: scratch, executable: "/usr/bin/env")
                    .end()
                shared.tally.withLock { tally in
                    guard let ended, ended.status == 0 else {
                        tally.failures.append(
                            "\(words): \(ended?.status ?? -1), \(ended?.errors ?? "did not start")"
                        )
                        return
                    }
                    for line in ended.output.split(separator: "\n") {
                        tally.requests += 1
                        if line != expected { tally.failures.append("\(words): \(line)") }
                    }
                }
            } while !shared.tally.withLock(\.isEnding)
            shared.tally.withLock { $0.hasEnded = true }
        }?.detach()
    }

    deinit { shared.tally.withLock { $0.isEnding = true } }

    /// Waits for the last one.
    func end() {
        shared.tally.withLock { $0.isEnding = true }
        #expect(eventually { self.shared.tally.withLock(\.hasEnded) })
    }
}
