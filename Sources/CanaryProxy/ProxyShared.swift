// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting
import CanarySystem
import Glibc
import Synchronization

/// A listener with at least one socket a worker.
struct OpenListener: Sendable {
    /// The proxy's own number, never used again.
    var number: Int
    var spec: ListenerSpec
    var address: SocketAddress
    /// What its clients' TLS is dealt with by, where they begin with it.
    var tls: TLSListener?
    /// By worker.
    var sockets: [[ListeningSocket]]
}

/// A listening socket of one worker, open until that is through with it, or nobody has it: one that was published and withdrawn
/// before its worker looked is closed too.
final class ListeningSocket: Sendable {
    /// For its worker alone.
    let descriptor: Int32
    private let isOpen = Mutex(true)

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit { close() }

    func close() {
        isOpen.withLock { isOpen in
            if isOpen { Glibc.close(descriptor) }
            isOpen = false
        }
    }

    /// The same socket by another descriptor, whose owner whoever asks becomes; `nil` where it is closed, or the process has too many.
    func duplicate() -> ListeningSocket? {
        isOpen.withLock { isOpen in
            guard isOpen else { return nil }
            let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
            return copy < 0 ? nil : ListeningSocket(copy)
        }
    }
}

/// What workers see of the proxy at one version.
struct Publication: Sendable {
    var version = 0
    var table: RoutingTable?
    /// By rising numbers.
    var listeners: [OpenListener] = []
    /// What the table knows of each.
    var entries: [ListenerEntry] = []
    var resolutions: Resolutions?
    /// The certificates of the listeners.
    var tls = TLSRegistry()
    /// Listeners that could not be opened, and certificates that can't be used, in words.
    var problems: [String] = []
    /// What the table is made without, in words.
    var damage: [String] = []
    var isDraining = false
    /// Another process serves in this one's place: clients that rest are not let go before they were answered once more.
    var keepsResting = false
    var hasHandedOver = false
    /// How short memory is, in words; `nil` where it is not.
    var overload: String?
    var staleSince: Int64?
    var staleReason = ""
}

/// What the threads of a proxy share: settings that never change, and one publication behind a lock. Workers look at the
/// version, an atomic, and take the lock only when it changed.
final class ProxyShared: Sendable {
    let configuration: ProxyConfiguration
    let identifiers: RoutingIdentifiers
    let counters: [WorkerCounters]
    let book: CounterBook
    let resolver: Resolver
    let upstreamTLS = UpstreamTLSRegistry()
    let health: HealthChecker
    let census: ConnectionCensus
    let version = Atomic<Int>(0)
    let wakes: [EventDescriptor]
    /// What each worker has taken over.
    let progress: [WorkerProgress]
    /// Tells that a worker took something over.
    let adoption = EventDescriptor()
    /// Given once the workers have ended.
    let stop = EventDescriptor()
    /// How many requests the end of the drain timeout broke off.
    let cutOff = Atomic<Int>(0)
    /// The raw value of the ``OverloadLevel`` in force.
    let overload = Atomic<UInt8>(0)
    private let state = Mutex(Publication())

    init(
        configuration: ProxyConfiguration,
        identifiers: RoutingIdentifiers,
        resolver: Resolver,
        health: HealthChecker,
        wakes: [EventDescriptor]
    ) {
        self.configuration = configuration
        self.identifiers = identifiers
        self.resolver = resolver
        self.health = health
        self.wakes = wakes
        census = ConnectionCensus(workers: wakes.count)
        counters = wakes.map { _ in WorkerCounters() }
        book = CounterBook(registry: identifiers.counters, workers: counters)
        progress = wakes.map { _ in WorkerProgress() }
    }

    /// Whatever somebody has to look after, in words.
    var problems: [String] {
        let publication = publication()
        return (publication.problems + upstreamTLS.problems + [publication.overload].compactMap(\.self))
            .sorted()
    }

    var connectionsPerWorker: Int { max(1, configuration.limits.connections / max(1, wakes.count)) }

    func publication() -> Publication { state.withLock { $0 } }

    /// Changes what workers see, and wakes them. The version that they see from then on.
    @discardableResult
    func publish(_ change: (inout Publication) -> Void) -> Int {
        let published = state.withLock { publication in
            change(&publication)
            publication.version += 1
            version.store(publication.version, ordering: .releasing)
            return publication.version
        }
        for wake in wakes { wake.signal() }
        return published
    }

    /// Has the other workers look for what is of no use any more.
    func wakeOthers(than worker: Int) {
        for index in wakes.indices where index != worker { wakes[index].signal() }
    }

    /// Notes that a worker has taken a version over.
    func adopted(_ version: Int, worker: Int) {
        progress[worker].version.store(version, ordering: .releasing)
        adoption.signal()
    }

    /// The version that every worker has taken over; -1 before the first.
    var adoptedVersion: Int { progress.map { $0.version.load(ordering: .acquiring) }.min() ?? -1 }
}

/// The version that a worker has taken over last.
final class WorkerProgress: Sendable {
    let version = Atomic<Int>(-1)
}
