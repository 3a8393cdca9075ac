// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// Why a proxy could not be set up.
package enum ProxyError: Error, Equatable {
    /// The address is no `host:port` with an IP address or `localhost`.
    case badAddress(String)
    /// Another process has the port; `owner` names it, where that can be seen.
    case taken(address: String, owner: String?)
    case cannotListen(address: String, reason: String)
    case cannotStart(reason: String)

    /// For people: what could not be done, colon, why.
    package var message: String {
        switch self {
        case .badAddress(let text): "cannot listen on \"\(text)\": not an address like 127.0.0.1:15001"
        case .taken(let address, let owner):
            "cannot listen on \(address): the port is taken" + (owner.map { " by \($0)" } ?? "")
        case .cannotListen(let address, let reason): "cannot listen on \(address): \(reason)"
        case .cannotStart(let reason): "cannot start the proxy: \(reason)"
        }
    }
}

/// Finds out who listens on a port, as far as the system lets us see.
enum PortOwner {
    /// `nginx (pid 4711)`, or `nil`.
    static func find(port: UInt16) -> String? {
        let inodes = Set(
            ["/proc/net/tcp", "/proc/net/tcp6"].flatMap { listeningInodes(readFile($0), port: port) }
        )
        guard !inodes.isEmpty else { return nil }
        for process in DirectoryEntries.names("/proc") {
            guard let pid = Int(process) else { continue }
            for descriptor in DirectoryEntries.names("/proc/\(process)/fd") {
                guard let target = FileLink.target("/proc/\(process)/fd/\(descriptor)"),
                    target.hasPrefix("socket:[")
                else { continue }
                guard inodes.contains(String(target.dropFirst(8).dropLast())) else { continue }
                let name = readFile("/proc/\(process)/comm").filter { $0 != "\n" }
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

    private static func readFile(_ path: String) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while bytes.count < 16 << 20 {
            let count = read(descriptor, &chunk, chunk.count)
            guard count > 0 else { break }
            bytes += chunk[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
