// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// The service manager that runs this process, systemd or one that speaks to its services as it does: what it passes, and what it wants
/// to hear (`sd_listen_fds(3)`, `sd_notify(3)`).
package struct ServiceManager: Sendable {
    private static let firstDescriptor: Int32 = 3
    private static let mostDescriptors: Int32 = 1000
    /// What is meant for one process alone, and of no use to those it starts.
    private static let ownVariables = [
        "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "LISTEN_PIDFDID", "WATCHDOG_PID",
    ]

    /// The path of the manager's socket; a first `@` stands for the abstract namespace.
    private let socketPath: String?
    /// How often it wants to hear that the process is well, in milliseconds; `nil` for never.
    package let watchdogMilliseconds: Int64?
    /// The descriptors that it passed, with its names for them.
    package let passed: [(descriptor: Int32, name: String)]

    /// - Parameter environment: that of the process.
    package init(_ environment: [String: String], pid: Int32 = getpid()) {
        socketPath = environment["NOTIFY_SOCKET"].flatMap { $0.isEmpty ? nil : $0 }
        let isWatched = environment["WATCHDOG_PID"].map { $0 == "\(pid)" } ?? true
        let microseconds = isWatched ? environment["WATCHDOG_USEC"].flatMap { Int64($0) } ?? 0 : 0
        watchdogMilliseconds = microseconds > 0 ? max(1, microseconds / 1000) : nil
        passed = Self.passed(environment, pid)
    }

    private static func passed(_ environment: [String: String], _ pid: Int32) -> [(Int32, String)] {
        guard environment["LISTEN_PID"] == "\(pid)",
            let count = environment["LISTEN_FDS"].flatMap({ Int32($0) }),
            count > 0
        else { return [] }
        let names = (environment["LISTEN_FDNAMES"] ?? "").split(
            separator: ":",
            omittingEmptySubsequences: false
        )
        return (0..<min(count, mostDescriptors)).map { index in
            let name = names.indices.contains(Int(index)) ? String(names[Int(index)]) : ""
            return (firstDescriptor + index, name)
        }
    }

    /// The environment of a process that this one starts: the manager means it as well.
    package static func inherited(_ environment: [String: String]) -> [String: String] {
        environment.filter { !ownVariables.contains($0.key) }
    }

    /// Tells the manager something, such as `READY=1`, all at once. Where there is none, or it does not listen, nothing happens.
    package func notify(_ lines: String...) {
        guard let socketPath else { return }
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var path = Array(socketPath.utf8)
        if path.first == UInt8(ascii: "@") { path[0] = 0 }
        let length = unsafe withUnsafeMutableBytes(of: &address.sun_path) { room in
            guard path.count < room.count else { return 0 }
            unsafe room.copyBytes(from: path)
            return path.count
        }
        guard length > 0 else { return }
        let size = socklen_t(MemoryLayout<sockaddr_un>.offset(of: \.sun_path).map { $0 + length } ?? 0)
        let message = Array(lines.joined(separator: "\n").utf8)
        // The kernel reads the address for as long as the call takes.
        _ = unsafe withUnsafePointer(to: address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe sendto(descriptor, message, message.count, Int32(MSG_NOSIGNAL), $0, size)
            }
        }
    }
}
