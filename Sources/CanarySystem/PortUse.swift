// SPDX-License-Identifier: Apache-2.0

/// Which ports of this machine are in use, by `/proc/net`.
package enum PortUse {
    /// Of some ports those that somebody on this machine has a connection to.
    package static func connected(to ports: Set<UInt16>) -> Set<UInt16> {
        var found: Set<UInt16> = []
        for path in ["/proc/net/tcp", "/proc/net/tcp6"] {
            guard let bytes = try? FileReader.read(path: path).get() else { continue }
            for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n").dropFirst() {
                // proc(5): number, local address, remote address, state; 01 is ESTABLISHED.
                let fields = line.split(separator: " ", maxSplits: 4)
                guard fields.count > 3, fields[3] == "01",
                    let port = fields[2].split(separator: ":").last.flatMap({ UInt16($0, radix: 16) }),
                    ports.contains(port)
                else { continue }
                found.insert(port)
            }
        }
        return found
    }
}
