// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Glibc
import Synchronization

@testable import CanaryProxy

/// What a proxy says of requests: its access log, and its warnings.
final class LoggedRequests: Sendable {
    let writer: LogWriter
    private let descriptor: Int32
    private let directory: ScratchDirectory
    private let messages = Mutex<[String]>([])

    init() throws {
        directory = try ScratchDirectory()
        descriptor = open(directory.path("access.log"), O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        let writer = LogWriter(descriptors: [descriptor]) { count, _ in "\(count) lost\n" }
        guard let writer else { throw FailedCall(name: "LogWriter", number: EAGAIN) }
        self.writer = writer
    }

    deinit {
        close(descriptor)
    }

    func configure(_ configuration: inout ProxyConfiguration) {
        configuration.accessLog = .text
        configuration.accessLogWriter = writer
    }

    @Sendable func warn(_ message: String) { messages.withLock { $0.append(message) } }

    var warnings: [String] { messages.withLock(\.self) }

    /// The lines of the access log; once the proxy has ended.
    func lines() -> [Substring] {
        writer.finish(milliseconds: 60_000)
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        return String(decoding: bytes[..<max(count, 0)], as: UTF8.self).split(separator: "\n")
    }

    /// Status and flag of each request, `200 -`; of a TCP connection `0 -`; once the proxy has ended.
    func outcomes() -> [String] {
        lines().map { line in
            let mark = line.firstRange(of: " HTTP/1.") ?? line.firstRange(of: "- - -")
            let rest = mark.map { line[$0.upperBound...] } ?? ""
            return rest.split(separator: " ").dropFirst().prefix(2).joined(separator: " ")
        }
    }
}
