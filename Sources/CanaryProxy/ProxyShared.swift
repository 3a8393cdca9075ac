// SPDX-License-Identifier: Apache-2.0

import CanaryModel
import Glibc
import Synchronization

/// A listener with one socket a worker.
struct OpenListener: Sendable {
    /// The proxy's own number, never used again.
    var number: Int32
    var spec: ListenerSpec
    var address: SocketAddress
    var descriptors: [Int32]
}

/// What workers see of the proxy at one version.
struct Publication: Sendable {
    var version = 0
    var table: RoutingTable?
    var listeners: [OpenListener] = []
    /// By the listener's number.
    var entries: [ListenerEntry] = []
    var resolutions: [UInt32: SocketAddress] = [:]
    var isDraining = false
    var staleSince: Int64?
}

/// What the threads of a proxy share: settings that never change, and one publication behind a lock. Workers look at the
/// version, an atomic, and take the lock only when it changed.
final class ProxyShared: Sendable {
    let configuration: ProxyConfiguration
    let identifiers: RoutingIdentifiers
    let counters: [WorkerCounters]
    let book: CounterBook
    let resolver = Resolver()
    let version = Atomic<Int>(0)
    let wakeDescriptors: [Int32]
    private let state = Mutex(Publication())

    init(configuration: ProxyConfiguration, identifiers: RoutingIdentifiers, wakeDescriptors: [Int32]) {
        self.configuration = configuration
        self.identifiers = identifiers
        self.wakeDescriptors = wakeDescriptors
        counters = wakeDescriptors.map { _ in WorkerCounters() }
        book = CounterBook(registry: identifiers.counters, workers: counters)
    }

    deinit {
        for descriptor in wakeDescriptors { close(descriptor) }
    }

    var connectionsPerWorker: Int { max(1, configuration.limits.connections / max(1, wakeDescriptors.count)) }

    func publication() -> Publication { state.withLock { $0 } }

    /// Changes what workers see, and wakes them.
    func publish(_ change: (inout Publication) -> Void) {
        state.withLock { publication in
            change(&publication)
            publication.version += 1
            version.store(publication.version, ordering: .releasing)
        }
        for descriptor in wakeDescriptors { Self.wake(descriptor) }
    }

    static func wake(_ descriptor: Int32) {
        var one: UInt64 = 1
        _ = write(descriptor, &one, MemoryLayout<UInt64>.size)
    }
}
