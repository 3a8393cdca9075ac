// SPDX-License-Identifier: Apache-2.0

package import CanaryModel
import CLinux
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
    /// Told what went wrong without ending anything: a listener that cannot be opened.
    package typealias WarningHandler = @Sendable (String) -> Void

    private struct State {
        var threads: [Thread] = []
        var resolver: Thread?
        var nextListener: Int32 = 0
        /// Listeners that could not be opened, so that each is reported once.
        var refused: Set<ListenerSpec> = []
        var isStarted = false
        /// Endpoints below this were looked at for names.
        var knownEndpoints: UInt32 = 0
    }

    /// Where it listens for requests, `host:port`, with real ports.
    package let boundAddresses: [String]
    let shared: ProxyShared
    private let warn: WarningHandler
    private let state: Mutex<State>
    private let admin: AdminServer

    /// Where the admin pages are served, `host:port`; `nil` for nowhere.
    package var adminAddress: String? { admin.boundAddress }

    /// Opens every listener of the configuration.
    package init(
        configuration: ProxyConfiguration,
        identifiers: RoutingIdentifiers,
        warn: @escaping WarningHandler = { _ in }
    ) throws(ProxyError) {
        let count = max(1, configuration.workers)
        var wakes: [Int32] = []
        for _ in 0..<count {
            let descriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
            guard descriptor >= 0 else { throw .cannotStart(reason: SocketFailure(reason: errno).text) }
            wakes.append(descriptor)
        }
        shared = ProxyShared(
            configuration: configuration,
            identifiers: identifiers,
            wakeDescriptors: wakes
        )
        self.warn = warn
        var open: [OpenListener] = []
        do throws(ProxyError) {
            for text in configuration.listen {
                let address = try ListenerOpener.parse(text)
                open += [try ListenerOpener.open(address, .mesh, number: Int32(open.count), workers: count)]
            }
            admin = try AdminServer(shared: shared)
        } catch {
            for descriptor in open.flatMap(\.descriptors) { close(descriptor) }
            throw error
        }
        boundAddresses = open.map(\.address.text)
        state = Mutex(State(nextListener: Int32(open.count)))
        let listeners = open
        shared.publish { publication in
            publication.listeners = listeners
            publication.entries = listeners.map { _ in .unknown }
        }
    }

    deinit {
        guard !state.withLock({ $0.isStarted }) else { return }
        for descriptor in shared.publication().listeners.flatMap(\.descriptors) { close(descriptor) }
    }

    /// Begins to serve on threads of its own, and returns at once.
    package func start() throws(ProxyError) {
        let shared = shared
        var threads: [Thread] = []
        for index in shared.counters.indices {
            let thread = Thread(name: "worker-\(index)") {
                var worker = Worker(index: index, shared: shared)
                worker.run()
            }
            guard let thread else { throw .cannotStart(reason: "no more threads") }
            threads.append(thread)
        }
        let resolver = Thread(name: "resolver") {
            shared.resolver.run { addresses in shared.publish { $0.resolutions = addresses } }
        }
        try admin.start()
        let started = threads
        state.withLock {
            $0.threads = started
            $0.resolver = resolver
            $0.isStarted = true
        }
    }

    // MARK: - Tables

    /// Makes a table the one by which requests are routed from now on; requests under way keep theirs. Listeners that
    /// the table names are opened, those that it names no more are closed; one that cannot be opened is a warning.
    package func install(_ table: RoutingTable) {
        // The lock is held to the end: tables that come from several threads are installed one after the other.
        state.withLock { state in
            let present = shared.publication()
            var listeners = present.listeners
            if !present.isDraining {
                listeners.removeAll { $0.spec.kind != .mesh && !table.listeners.contains($0.spec) }
                state.refused.formIntersection(table.listeners)
                for spec in table.listeners where spec.kind != .mesh {
                    guard !listeners.contains(where: { $0.spec == spec }) else { continue }
                    if let listener = openExtra(spec, &state) { listeners.append(listener) }
                }
            }
            resolveNames(&state)
            let open = listeners
            let entries = Self.entries(of: open, in: table)
            shared.publish { publication in
                publication.table = table
                publication.listeners = open
                publication.entries = entries
                publication.staleSince = nil
            }
        }
    }

    /// Has the names among new endpoints resolved before the first request needs them.
    private func resolveNames(_ state: inout State) {
        let count = UInt32(clamping: shared.identifiers.endpointCount)
        while state.knownEndpoints < count {
            if let address = shared.identifiers.endpoint(state.knownEndpoints), address.isName {
                shared.resolver.resolve(state.knownEndpoints, address)
            }
            state.knownEndpoints += 1
        }
    }

    private func openExtra(_ spec: ListenerSpec, _ state: inout State) -> OpenListener? {
        let host = spec.bind ?? shared.configuration.bindAddress
        do throws(ProxyError) {
            guard let port = UInt16(exactly: spec.port), let address = SocketAddress(host: host, port: port)
            else { throw .badAddress("\(host):\(spec.port)") }
            let count = shared.counters.count
            let listener = try ListenerOpener.open(address, spec, number: state.nextListener, workers: count)
            state.nextListener += 1
            state.refused.remove(spec)
            return listener
        } catch {
            if state.refused.insert(spec).inserted { warn(error.message) }
            return nil
        }
    }

    private static func entries(of listeners: [OpenListener], in table: RoutingTable) -> [ListenerEntry] {
        let count = (listeners.map(\.number).max() ?? -1) + 1
        var entries = [ListenerEntry](repeating: .unknown, count: Int(count))
        for listener in listeners {
            guard let index = table.listeners.firstIndex(of: listener.spec) else { continue }
            entries[Int(listener.number)] = ListenerEntry(
                index: Int32(index),
                requestPort: table.listeners[index].requestPort
            )
        }
        return entries
    }

    /// Notes that the table may be out of date, and since when (seconds since 1970); `nil` when it is current again. Shown by
    /// `/ready`, which stays 200.
    package func setStale(since: Int64?) {
        shared.publish { $0.staleSince = since }
    }

    // MARK: - The end

    /// Accepts nothing new, lets requests under way finish, and ends when they did or the drain timeout is over.
    package func drain() {
        shared.publish { $0.isDraining = true }
    }

    package var isDraining: Bool { shared.publication().isDraining }

    /// Waits until every worker has ended, which needs a ``drain()``.
    package func wait() {
        let (threads, resolver) = state.withLock { state in
            defer {
                state.threads = []
                state.resolver = nil
            }
            return (state.threads, state.resolver)
        }
        for thread in threads { thread.join() }
        admin.stop()
        shared.resolver.stop()
        resolver?.join()
    }

    // MARK: - Counters

    /// What was counted since the last report that was confirmed. For one thread at a time, which confirms it before it asks
    /// again, or asks again to get the same and more.
    package func evidence() -> EvidenceReport { shared.book.report() }

    package func confirm(_ report: EvidenceReport) { shared.book.confirm(report) }

    /// Has the next report hold everything, because what was written is gone.
    package func repeatEvidence() { shared.book.repeatAll() }

    /// The addresses of the listeners that are open now, those that tables asked for included.
    package var listenerAddresses: [String] { shared.publication().listeners.map(\.address.text) }
}
