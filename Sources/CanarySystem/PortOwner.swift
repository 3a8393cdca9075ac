// SPDX-License-Identifier: Apache-2.0

/// Finds out who listens on a port, as far as the system lets us see.
package enum PortOwner {
    /// `nginx (pid 4711)`, or `nil`.
    package static func find(port: UInt16) -> String? {
        let inodes = Set(
            ["/proc/net/tcp", "/proc/net/tcp6"].flatMap { listeningInodes(text($0), port: port) }
        )
        guard !inodes.isEmpty else { return nil }
        for process in names("/proc") {
            guard let pid = Int(process) else { continue }
            for descriptor in names("/proc/\(process)/fd") {
                guard let target = FileReader.linkTarget("/proc/\(process)/fd/\(descriptor)"),
                    target.hasPrefix("socket:[")
                else { continue }
                guard inodes.contains(String(target.dropFirst(8).dropLast())) else { continue }
                let name = text("/proc/\(process)/comm").filter { $0 != "\n" }
                return name.isEmpty ? "pid \(pid)" : "\(name) (pid \(pid))"
            }
        }
        return nil
    }

    /// The inodes of sockets in state LISTEN (0A) whose local port it is.
    private static func listeningInodes(_ table: String, port: UInt16) -> [String] {
        table.split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count > 9, fields[3] == "0A" else { return nil }
            guard let text = fields[1].split(separator: ":").last, UInt16(text, radix: 16) == port else {
                return nil
            }
            return String(fields[9])
        }
    }

    /// Nothing where it cannot be read: processes end meanwhile, and most are somebody else's.
    private static func text(_ path: String) -> String {
        (try? FileReader.read(path: path).get()).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    private static func names(_ path: String) -> [String] { (try? FileReader.names(in: path).get()) ?? [] }
}
