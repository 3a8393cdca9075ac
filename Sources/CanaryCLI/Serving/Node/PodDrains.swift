// SPDX-License-Identifier: Apache-2.0

import CanaryNode
import CanaryProxy
import CanaryResources
import CanarySystem
import Synchronization

/// Notices when the last request to a pod that leaves is answered.
///
/// The proxy ends its idle connections to an endpoint that is gone from its tables, so that a connection that is left carries a request.
/// Asking the system counts those of all proxies and of all other clients.
final class PodDrains: Sendable {
    private let mailbox: NodeMailbox
    private let proxy: Proxy
    private let leaving = Mutex<[ResourceKey: Set<UInt16>]>([:])
    private let event = EventDescriptor()

    private static let lookMilliseconds: Int32 = 20
    /// How long the workers may take to serve the table without the pod.
    private static let adoptionMilliseconds: Int64 = 1000

    init(_ mailbox: NodeMailbox, _ proxy: Proxy) {
        self.mailbox = mailbox
        self.proxy = proxy
    }

    /// - Parameter ports: the pod's own ones.
    func begin(_ pod: ResourceKey, _ ports: [Int]) {
        leaving.withLock { $0[pod] = Set(ports.map { UInt16(clamping: $0) }) }
        event.signal()
    }

    func run(until stop: EventDescriptor) {
        while !stop.wait(milliseconds: Self.lookMilliseconds) {
            event.clear()
            let pods = leaving.withLock(\.self)
            guard !pods.isEmpty else {
                event.wait(milliseconds: 1000)
                continue
            }
            _ = proxy.waitUntilServed(milliseconds: Self.adoptionMilliseconds)
            let busy = PortUse.connected(to: pods.values.reduce(into: []) { $0.formUnion($1) })
            for (pod, ports) in pods where ports.isDisjoint(with: busy) {
                leaving.withLock { $0[pod] = nil }
                mailbox.put(.drained(pod))
            }
        }
    }
}
