// SPDX-License-Identifier: Apache-2.0

import CanaryNode
import CanaryProxy
import CanaryResources
import CanaryStore
import CanarySystem
import Synchronization

/// Notices when the last request to a pod that leaves is answered.
///
/// A proxy ends its idle connections to an endpoint that is gone from its tables, so that a connection that is left carries a request.
/// Asking the system counts those of all proxies and of all other clients, once all proxies of the store know that the pod leaves.
final class PodDrains: Sendable {
    private struct Leaving {
        let ports: Set<UInt16>
        /// The state of the node's pods in which it leaves.
        let version: Int64
        /// In milliseconds of the monotonic clock.
        let since: Int64
    }

    private let mailbox: NodeMailbox
    private let proxy: Proxy
    private let reporter: PodReporter
    private let leaving = Mutex<[ResourceKey: Leaving]>([:])
    private let event = EventDescriptor()

    private static let lookMilliseconds: Int32 = 20
    /// Each look reads all connections of the machine, and a tunnel may last for hours.
    private static let longestMilliseconds: Int32 = 200
    /// How long the workers may take to serve the table without the pod.
    private static let adoptionMilliseconds: Int64 = 1000
    /// How long proxies in other processes may take: one that was stopped, or cannot read what the node writes, is not waited for.
    private static let patienceMilliseconds: Int64 = 5000

    init(_ mailbox: NodeMailbox, _ proxy: Proxy, _ reporter: PodReporter) {
        self.mailbox = mailbox
        self.proxy = proxy
        self.reporter = reporter
    }

    /// To be called when the reporter has taken the news that the pod leaves.
    ///
    /// - Parameter ports: the pod's own ones.
    func begin(_ pod: ResourceKey, _ ports: [Int]) {
        let new = Leaving(
            ports: Set(ports.map { UInt16(clamping: $0) }),
            version: reporter.version,
            since: Clock.monotonicMilliseconds()
        )
        leaving.withLock { $0[pod] = new }
        event.signal()
    }

    func run(until stop: EventDescriptor) {
        let runtime = reporter.makeRuntime()
        var (pause, before): (Int32, Set<ResourceKey>) = (Self.lookMilliseconds, [])
        while !stop.wait(milliseconds: pause) {
            event.clear()
            let pods = leaving.withLock(\.self)
            pause =
                before == Set(pods.keys) ? min(pause * 2, Self.longestMilliseconds) : Self.lookMilliseconds
            before = Set(pods.keys)
            guard !pods.isEmpty else {
                event.wait(milliseconds: 1000)
                continue
            }
            _ = proxy.waitUntilServed(milliseconds: Self.adoptionMilliseconds)
            let known = version(knownToOthers: runtime)
            let late = Clock.monotonicMilliseconds() - Self.patienceMilliseconds
            let unknown = pods.filter { $1.version > known && $1.since > late }
            let busy = PortUse.connected(to: pods.values.reduce(into: []) { $0.formUnion($1.ports) })
            for (pod, its) in pods where unknown[pod] == nil && its.ports.isDisjoint(with: busy) {
                leaving.withLock { $0[pod] = nil }
                mailbox.put(.drained(pod))
            }
        }
    }

    /// Up to which of the node's states every proxy in another process serves it. Where nothing can be read, nobody else can either.
    private func version(knownToOthers runtime: RuntimeStore) -> Int64 {
        let served = try? runtime.podsServed(ofNode: reporter.record.id, besides: reporter.record.process.pid)
        return (served ?? nil) ?? .max
    }
}
