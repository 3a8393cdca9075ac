// SPDX-License-Identifier: Apache-2.0

import CLinux
import CanaryTestSupport
import Glibc

/// The socket at which a service manager hears of its services.
final class NotifySocket {
    let path: String
    private let descriptor: Int32
    private(set) var messages: [String] = []

    init(in scratch: ScratchDirectory) throws {
        path = scratch.path("notify")
        descriptor = socket(
            AF_UNIX,
            Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue),
            0
        )
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        let isBound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        guard isBound else { throw FailedCall(name: "bind \(path)", number: errno) }
    }

    deinit { close(descriptor) }

    /// Whether a message with this line comes within a minute, behind those that were looked at before.
    func hears(_ line: String) -> Bool {
        eventually {
            var bytes = [UInt8](repeating: 0, count: 4096)
            while true {
                let count = recv(descriptor, &bytes, bytes.count, 0)
                guard count > 0 else { break }
                messages.append(String(decoding: bytes[..<count], as: UTF8.self))
            }
            guard
                let index = messages.firstIndex(where: {
                    $0.split(separator: "\n").contains { $0.hasPrefix(line) }
                })
            else { return false }
            messages.removeFirst(index + 1)
            return true
        }
    }
}
