// SPDX-License-Identifier: Apache-2.0

package import CanaryReplicas
import CanarySystem
import CLinux
import Glibc
import Synchronization

/// What a node finds on its machine: time, its own name and address, free ports.
package struct NodeSurroundings: Sendable {
    package var name: String
    package var address: String
    package var capacity: [String: MilliValue]
    /// What every process gets.
    package var environment: [String: String]
    package var now: @Sendable () -> TimePoint
    /// What is added to a moment to make it milliseconds since 1970.
    package var wallOffset: Int64
    package var makeUID: @Sendable () -> String
    private let ports = OwnPorts()

    package init(
        name: String,
        address: String = "127.0.0.1",
        capacity: [String: MilliValue] = [:],
        environment: [String: String],
        now: @escaping @Sendable () -> TimePoint,
        wallOffset: Int64,
        makeUID: @escaping @Sendable () -> String
    ) {
        self.name = name
        self.address = address
        self.capacity = capacity
        self.environment = environment
        self.now = now
        self.wallOffset = wallOffset
        self.makeUID = makeUID
    }

    /// A port of the machine for each that the pod's containers declare. Ports that could not be had are left out.
    func ports(for spec: PodSpec) -> [Int: Int] {
        var own: [Int: Int] = [:]
        for number in spec.allContainers.flatMap(\.ports).map(\.number) where own[number] == nil {
            own[number] = ports.take()
        }
        return own
    }

    func giveBack(_ own: [Int: Int]) { ports.giveBack(own.values) }
}

/// Ports that nobody uses, and that are promised to one pod each.
private final class OwnPorts: Sendable {
    private let taken = Mutex<Set<Int>>([])

    func take() -> Int? {
        taken.withLock { taken in
            for _ in 0..<100 {
                guard let port = Self.freePort() else { return nil }
                if taken.insert(port).inserted { return port }
            }
            return nil
        }
    }

    func giveBack(_ ports: some Sequence<Int>) {
        taken.withLock { $0.subtract(ports) }
    }

    /// One that the system has to give just now.
    private static func freePort() -> Int? {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { return nil }
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let port: Int? = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                guard unsafe bind(socket, address, length) == 0,
                    unsafe getsockname(socket, address, &length) == 0
                else { return nil }
                return unsafe address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                    unsafe Int(UInt16(bigEndian: $0.pointee.sin_port))
                }
            }
        }
        return port
    }
}
