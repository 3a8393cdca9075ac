// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CLinux
import CanaryMesh
package import CanaryRouting
import Glibc
import Synchronization

/// The data plane of one machine: listeners, workers and admin pages around the routing table that was installed last.
///
/// ```swift
/// let proxy = try Proxy(configuration: configuration, identifiers: identifiers)   // bound; not serving yet
/// proxy.install(table)
/// try proxy.start()
/// // … install(_:) whenever there is a new table …
/// proxy.drain()
/// proxy.wait()
/// ```
///
/// It knows no store, no manifests, no arguments and no environment, installs no signal handlers, and writes nothing but its
/// access log.
package final class Proxy: Sendable {
    /// Told, in words, what went wrong without ending anything, such as a listener that cannot be opened.
    package typealias MessageHandler = @Sendable (String) -> Void

    /// The IP addresses of a host name, or `nil` where it has none now. May take as long as it likes.
    package typealias NameLookUp = @Sendable (String) -> [String]?

    /// As the system resolves them.
    package static let systemLookUp: NameLookUp = SystemNames.lookUp

    /// How long workers may take to close listeners before others are opened all the same.
    private static let closingMilliseconds: Int64 = 200
    /// How long names may take to resolve before a process that takes over serves all the same.
    private static let resolvingMilliseconds: Int64 = 2000

    struct State {
        var threads: [Thread] = []
        var helpers: [Thread] = []
        var listeners: ListenerSet
        var tls: TLSRegistry
        var handOver = HandOverState()
        /// The tables that not every worker serves yet, and the last one that all do, with their publications' versions.
        var tables: [(version: Int, served: ServedTable)] = []
        /// IP addresses by host name.
        var addresses: [String: [String]] = [:]
        /// Whether there are workers that take tables over.
        var hasWorkers = false
    }

    /// Where it listens for requests, `host:port`, with real ports.
    package let boundAddresses: [String]
    let shared: ProxyShared
    let warn: MessageHandler
    let inform: MessageHandler
    private let healthChanged: HealthHandler
    let state: Mutex<State>
    let admin: AdminServer
    let inheritance: Inheritance

    /// Where the admin pages are served, `host:port`; `nil` for nowhere.
    package var adminAddress: String? { admin.boundAddress }

    /// The path of the socket that accepts `POST /drain`; `nil` for none.
    package var controlSocket: String? { admin.controlPath }

    /// Opens every listener of the configuration, or takes over what it inherits.
    package init(
        configuration: ProxyConfiguration,
        identifiers: RoutingIdentifiers,
        inheritance: Inheritance = Inheritance(),
        warn: @escaping MessageHandler = { _ in },
        inform: @escaping MessageHandler = { _ in },
        lookUp: @escaping NameLookUp = Proxy.systemLookUp,
        healthChanged: @escaping HealthHandler = { _, _ in }
    ) throws(ProxyError) {
        let count = max(1, configuration.workers)
        var wakes: [EventDescriptor] = []
        for _ in 0..<count {
            let wake = EventDescriptor()
            guard wake.descriptor >= 0 else { throw .cannotStart(reason: SystemCallError(errno).reason) }
            wakes.append(wake)
        }
        shared = ProxyShared(
            configuration: configuration,
            identifiers: identifiers,
            resolver: Resolver(lookUp: lookUp),
            health: HealthChecker(),
            wakes: wakes
        )
        self.warn = warn
        self.inform = inform
        self.healthChanged = healthChanged
        self.inheritance = inheritance
        var open: [OpenListener] = []
        for text in configuration.listen {
            let address = try ListenerOpener.parse(text)
            let listener = try ListenerOpener.open(
                address,
                .mesh,
                number: open.count,
                workers: count,
                inheritance: inheritance,
                for: .listen(text)
            )
            open.append(listener)
        }
        admin = try AdminServer(shared: shared, inheritance: inheritance, warn: warn)
        boundAddresses = open.map(\.address.text)
        let set = ListenerSet(
            own: open,
            bindAddress: configuration.bindAddress,
            workers: count,
            inheritance: inheritance
        )
        state = Mutex(State(listeners: set, tls: TLSRegistry(tickets: inheritance.takeTicketKeys())))
        let listeners = open
        shared.publish { publication in
            publication.listeners = listeners
            publication.entries = listeners.map { .unknown($0.number) }
        }
    }

    /// Begins to serve on threads of its own, and returns at once.
    ///
    /// - Parameters:
    ///   - handingOver: before another process hears that it is the service; with this process' own number where it ended meanwhile.
    ///   - handedOver: once this process has left everything to another one.
    package func start(
        handingOver: @escaping HandOverHandler = { _ in },
        handedOver: @escaping @Sendable () -> Void = {}
    ) throws(ProxyError) {
        let shared = shared
        let resolver = startResolver()
        // The process before knows the addresses: nobody is to get 503 because this one does not yet.
        if inheritance.isTakeOver {
            shared.resolver.waitUntilAnswered(
                wantedNames(),
                milliseconds: Self.resolvingMilliseconds
            )
        }
        var threads: [Thread] = []
        for index in shared.counters.indices {
            let thread = Thread(name: "worker-\(index)") {
                var worker = Worker(index: index, shared: shared)
                worker.run()
            }
            guard let thread else { throw .cannotStart(reason: "no more threads") }
            threads.append(thread)
        }
        let checker = Thread(name: "health") { [self] in shared.health.run { healthChanged(self, $0) } }
        let memory = shared.configuration.memoryLimit.flatMap { limit in
            Thread(name: "memory") { [self] in watchMemory(limit: limit, until: shared.stop) }
        }
        try admin.start(handingOver: { [self] in
            handOver(through: $0, handingOver: handingOver, handedOver: handedOver)
        })
        let started = threads
        state.withLock {
            $0.threads = started
            $0.helpers = [resolver, checker, memory].compactMap(\.self)
            $0.hasWorkers = true
        }
    }

    private func wantedNames() -> Set<String> { Set(shared.identifiers.names.values.map(\.host)) }

    private func startResolver() -> Thread? {
        Thread(name: "resolver") { [self] in
            shared.resolver.run(
                wanted: wantedNames,
                publish: { addresses in
                    state.withLock { state in
                        state.addresses = addresses
                        publishAddresses(addresses)
                    }
                }
            )
        }
    }

    // MARK: - Tables

    /// Makes a table the one by which requests are routed from now on; requests under way keep theirs. Listeners that
    /// the table names are opened, those that it names no more are closed; one that cannot be opened is a warning.
    ///
    /// - Parameters:
    ///   - commit: tells the table from others of its revision, which comes again where a backup is restored.
    ///   - damage: sentences about what the table is made without, for `/ready` and whoever else asks.
    package func install(_ table: RoutingTable, commit: String = "", damage: [String] = []) {
        // The lock is held to the end: tables that come from several threads are installed one after the other.
        state.withLock { state in
            guard !state.handOver.isUnderWay else {
                // The other process has the listeners as they are.
                state.handOver.deferred = (table, commit, damage)
                return
            }
            install(table, commit, damage, &state)
        }
    }

    func install(_ table: RoutingTable, _ commit: String, _ damage: [String], _ state: inout State) {
        if !isDraining { follow(table, &state) }
        publishAddresses(state.addresses)
        let version = publish(state, table, isNew: true, damage: damage)
        state.tables.append((version, ServedTable(revision: table.revision, commit: commit)))
        shared.resolver.wake()
        shared.health.follow(table.healthChecks)
    }

    /// Closes listeners before it opens others: a port may go from one address to another.
    private func follow(_ table: RoutingTable, _ state: inout State) {
        let wanted = table.listeners
        let problems = state.tls.problems
        state.tls.follow(table.listeners.indices.compactMap(table.tls), now: Clock.wallMilliseconds() / 1000)
        state.tls.problems.filter { !problems.contains($0) }.forEach(warn)
        let isClosing = state.listeners.release(all: wanted)
        if isClosing, state.hasWorkers, let table = shared.publication().table {
            let version = publish(state, table, isNew: false)
            _ = waitUntilAdopted(version, milliseconds: Self.closingMilliseconds)
        }
        state.listeners.open(all: wanted).forEach(warn)
        inheritance.closeUnclaimed()
    }

    /// Tries again what failed before, listeners that could not be opened, and looks for certificates that were replaced. To be
    /// called every second or so.
    package func retry() {
        state.withLock { state in
            guard !isDraining, !state.handOver.isUnderWay, let table = shared.publication().table else {
                return
            }
            let opened = state.listeners.retry()
            let problems = state.tls.problems
            shared.upstreamTLS.lookAtFiles()
            let hasNewFiles = state.tls.look(now: Clock.wallMilliseconds() / 1000)
            state.tls.problems.filter { !problems.contains($0) }.forEach(warn)
            guard !opened.isEmpty || hasNewFiles else { return }
            publish(state, table, isNew: false)
            for address in opened { inform("listening on \(address), which could not be opened before") }
        }
    }

    @discardableResult
    private func publish(
        _ state: State,
        _ table: RoutingTable,
        isNew: Bool,
        damage: [String] = []
    ) -> Int {
        let entries = ListenerEntry.all(of: state.listeners.open, in: table)
        let open = zip(state.listeners.open, entries).map { listener, entry in
            var listener = listener
            listener.tls = state.tls.listener(table.tls(listener: Int(entry.index)))
            return listener
        }
        let problems = (state.listeners.problems + state.tls.problems).sorted()
        return shared.publish { publication in
            publication.table = table
            publication.tls = state.tls
            // A drain has released them all, but workers that have not begun still take what waits there.
            if !publication.isDraining {
                publication.listeners = open
                publication.problems = problems
                publication.entries = entries
            }
            guard isNew else { return }
            publication.staleSince = nil
            publication.damage = damage
        }
    }

    private func publishAddresses(_ addresses: [String: [String]]) {
        let present = shared.publication().resolutions
        let next = Resolutions(addresses, shared.identifiers)
        // Also where nothing changed: a table that was made meanwhile may have told clusters of older ones.
        shared.identifiers.resolve(next.addresses.mapValues { Set($0.map(\.id)) })
        guard !next.isSame(as: present ?? Resolutions([:], shared.identifiers)) else { return }
        shared.publish { $0.resolutions = next }
    }

    // MARK: - The end

    /// Accepts nothing new, lets requests under way finish, and ends when they did or the drain timeout is over. Workers are still
    /// told of the listeners: one that has not begun yet takes what waits there, and then closes its sockets as the others do.
    package func drain() {
        state.withLock { state in
            state.listeners.releaseAll()
            shared.publish { publication in
                publication.isDraining = true
                publication.keepsResting = false
            }
        }
    }

    package var isDraining: Bool { shared.publication().isDraining }

    /// Waits until every worker has ended, which needs a ``drain()``.
    package func wait() {
        let (threads, helpers) = state.withLock { state in
            defer {
                state.threads = []
                state.helpers = []
            }
            return (state.threads, state.helpers)
        }
        for thread in threads { thread.join() }
        state.withLock { $0.hasWorkers = false }
        let cutOff = shared.cutOff.exchange(0, ordering: .relaxed)
        if cutOff > 0 {
            warn(
                "the time for draining is over: \(cutOff == 1 ? "1 request was" : "\(cutOff) requests were") cut off"
            )
        }
        admin.stop()
        admin.removeControlSocket()
        shared.stop.signal()
        shared.resolver.stop()
        shared.health.stop()
        helpers.forEach { $0.join() }
    }

    /// Ends without a wait: removes what others would find the proxy by.
    package func abandon() { admin.removeControlSocket() }
}
