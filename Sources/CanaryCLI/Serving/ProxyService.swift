// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CLinux
import CanaryProxy
import CanaryRouting
import CanaryStore
import Glibc
import Synchronization

/// A proxy from its first table to its last request: the data plane, the threads that follow the store and report, signals.
struct ProxyService {
    let settings: Settings
    let context: CommandContext
    var configuration: ProxyConfiguration
    /// The labels of the clients, for `sourceLabels`.
    let sourceLabels: [String: String]
    /// Where a parent waits for the proxy to be ready.
    let readyDescriptor: Int32?
    /// The proxy in whose place it begins to serve.
    var takeOver: TakeOverSource?
    /// What runs beside it.
    var makeCompanion: (() throws -> any ProxyCompanion)?

    /// How soon counts are reported.
    private static let reportMilliseconds: Int32 = 200
    /// How long a report waits for its turn.
    private static let lockMilliseconds: Int64 = 1000
    private static let signalMilliseconds: Int32 = 1000
    /// How long a new table may take to reach all workers before its revision is reported anyway, once a second.
    private static let adoptionMilliseconds: Int64 = 1000
    /// How long the last report may take: the store may be held by somebody, or gone.
    private static let farewellMilliseconds: Int32 = 2000

    func run() throws -> ExitStatus {
        do {
            return try serve()
        } catch let error as CommandError {
            tellParent(["error: \(error.message)"] + (error.hint.map { ["hint: \($0)"] } ?? []))
            throw error
        }
    }

    private func serve() throws -> ExitStatus {
        // Before there are sockets that another process passes.
        _ = canary_raise_descriptor_limit()
        let companion = try makeCompanion?()
        let signals = try SignalReader()
        let streams = try ServiceStreams(accessLog: configuration.accessLog, now: context.now)
        defer { streams.finish() }
        let log = ServiceLog(writer: streams.errors, isDetached: readyDescriptor != nil, now: context.now)
        let location = StoreLocation(settings.storeDirectory)
        try location.makeDirectory()
        let manager = ServiceManager(context.environment)
        var beginning = try begin(location, manager, log)
        let users = CountedUserFiles(location, log)
        users.clean()
        let identifiers = RoutingIdentifiers(memory: users)
        let tables = makeTables(identifiers, log)
        let proxy = try makeProxy(identifiers, location, streams, log, tables, beginning.inheritance)
        let stop = EventDescriptor()
        // Bodies are what objects were written as, which nobody asks a proxy for.
        let follower = StoreFollower(at: location, stop: stop, keepingBodies: false)
        let publisher = makePublisher(follower, proxy, tables, log)
        let reporter = makeReporter(proxy, identifiers, location, log)
        let pods = companion == nil ? FollowedPods(location, of: reporter.id, log, stop: stop) : nil
        // The first table comes in this thread, so that the proxy never answers without one.
        let step = publisher.next()
        try check(step, proxy, instead: beginning.takeOver)
        pods?.take(tables, proxy)
        do {
            try proxy.start(
                handingOver: { manager.notify("MAINPID=\($0)") },
                handedOver: { reporter.report() }
            )
        } catch {
            throw CommandError(error)
        }
        _ = proxy.waitUntilServed(milliseconds: Self.adoptionMilliseconds)
        // Whoever looks for the proxy finds it from here on, whatever its store is like.
        reporter.report()
        // A node that asked before whom it has to wait for did not know of this proxy.
        pods?.take(tables, proxy)
        if let status = try complete(beginning.takeOver, proxy, signals, log) { return status }
        beginning.takeOver = nil
        follow(pods, tables, proxy, log)
        start(publisher, proxy, reporter, stop, log)
        watchRollouts(tables, proxy, stop, log)
        try companion?.start(beside: proxy, tables, log)
        announce(proxy, log)
        announce(proxy, to: manager)
        let successor = companion == nil ? Successor(context, manager, log) : nil
        let status = serve(proxy, companion, successor, signals, streams, manager, log)
        stop.signal()
        proxy.abandon()
        sayFarewell(reporter)
        users.leave()
        return status
    }

    // MARK: - Parts

    private func makeProxy(
        _ identifiers: RoutingIdentifiers,
        _ location: StoreLocation,
        _ streams: ServiceStreams,
        _ log: ServiceLog,
        _ tables: ServedTables,
        _ inheritance: Inheritance
    ) throws -> Proxy {
        var configuration = configuration
        let named = inheritance.namedAddresses
        if !named.listen.isEmpty { configuration.listen = named.listen }
        configuration.admin = named.admin ?? configuration.admin
        configuration.refusesHandOver = makeCompanion.map { _ in "it runs pods, which would end with it" }
        configuration.controlDirectory = location.directory
        configuration.accessLogWriter = streams.output
        fitConnections(&configuration.limits, log)
        do {
            return try Proxy(
                configuration: configuration,
                identifiers: identifiers,
                inheritance: inheritance,
                warn: { log.warn($0) },
                inform: { log.inform($0) },
                healthChanged: { tables.apply(failing: $1, on: $0) }
            )
        } catch {
            throw CommandError(error)
        }
    }

    /// Each client's connection may need one to an endpoint; what else is open is little. Where nobody asked for more than there is
    /// room for, nobody has to be told.
    private func fitConnections(_ limits: inout ProxyLimits, _ log: ServiceLog) {
        let descriptors = Int(clamping: canary_raise_descriptor_limit())
        let room = max(1, (descriptors - 256) / 2)
        guard limits.connections > room else { return }
        if limits.connections != ProxyLimits().connections {
            log.warn(
                """
                \(descriptors) descriptors are enough for \(room) connections, not \(limits.connections): raise the hard limit \
                (ulimit -Hn, or LimitNOFILE= of systemd) to \(limits.connections * 2 + 256)
                """
            )
        }
        limits.connections = room
    }

    private func makeTables(_ identifiers: RoutingIdentifiers, _ log: ServiceLog) -> ServedTables {
        ServedTables(log: log) { [namespace = settings.namespace, sourceLabels] snapshot in
            RoutingTableBuilder(
                snapshot: snapshot,
                namespace: namespace,
                sourceLabels: sourceLabels,
                identifiers: identifiers
            )
        }
    }

    private func makePublisher(
        _ follower: sending StoreFollower,
        _ proxy: Proxy,
        _ tables: ServedTables,
        _ log: ServiceLog
    ) -> sending TablePublisher {
        TablePublisher(follower: follower, proxy: proxy, tables: tables, log: log, now: context.now)
    }

    private func makeReporter(
        _ proxy: Proxy,
        _ identifiers: RoutingIdentifiers,
        _ location: StoreLocation,
        _ log: ServiceLog
    ) -> ProxyReporter {
        let startedAt = context.now()
        let record = ProxyRecord(
            id: "\(getpid())-\(startedAt)",
            process: .current,
            startedAt: startedAt,
            version: Version.text,
            admin: proxy.adminAddress,
            listeners: proxy.boundAddresses,
            clientNamespace: settings.namespace,
            clientLabels: sourceLabels
        )
        var store = StoreContext.system
        store.lockTimeoutMilliseconds = Self.lockMilliseconds
        let runtime = RuntimeStore(at: location, context: store) { log.warn($0) }
        return ProxyReporter(
            proxy: proxy,
            identifiers: identifiers,
            log: log,
            record: record,
            runtime: runtime,
            now: context.now
        )
    }

    /// Follows the store in one thread and reports in another: a store that is slow or held by somebody delays neither
    /// signals nor tables.
    private func start(
        _ publisher: sending TablePublisher,
        _ proxy: Proxy,
        _ reporter: ProxyReporter,
        _ stop: EventDescriptor,
        _ log: ServiceLog
    ) {
        let pages = UnusedPages()
        let follower = Thread(name: "store") {
            while true {
                switch publisher.next() {
                case .published, .cleared:
                    pages.tableChanged()
                    _ = proxy.waitUntilServed(milliseconds: Self.adoptionMilliseconds)
                    reporter.report()
                case .kept: reporter.report()
                case .stopped: return
                }
            }
        }
        let housekeeper = Thread(name: "reports") {
            while !stop.wait(milliseconds: Self.reportMilliseconds) {
                reporter.reportIfDue()
                pages.turn()
            }
        }
        follower?.detach()
        housekeeper?.detach()
        if follower == nil || housekeeper == nil {
            log.warn(
                "the system has no more threads: changes will not be seen, or what is served not be told"
            )
        }
    }

    private func follow(
        _ pods: sending FollowedPods?,
        _ tables: ServedTables,
        _ proxy: Proxy,
        _ log: ServiceLog
    ) {
        guard let pods else { return }
        let thread = Thread(name: "pods") { pods.run(tables, proxy) }
        thread?.detach()
        if thread == nil { log.warn("the system has no more threads: what becomes of pods will not be seen") }
    }

    /// Looks once a second whether rollouts have lost their controller.
    private func watchRollouts(
        _ tables: ServedTables,
        _ proxy: Proxy,
        _ stop: EventDescriptor,
        _ log: ServiceLog
    ) {
        let settings = settings
        Thread(name: "rollouts") {
            let rollouts = LostRollouts(settings, log)
            while !stop.wait(milliseconds: Self.signalMilliseconds) { rollouts.look(tables, proxy) }
        }?.detach()
    }

    private func announce(_ proxy: Proxy, _ log: ServiceLog) {
        var lines = proxy.boundAddresses.map { "listening on \($0)" }
        if let admin = proxy.adminAddress { lines.append("admin on \(admin)") }
        lines.forEach(log.announce)
        tellParent(lines + log.takeStartMessages())
    }

    private func tellParent(_ lines: [String]) {
        guard let readyDescriptor else { return }
        let bytes = Array((lines.joined(separator: "\n") + "\n").utf8)
        _ = unsafe write(readyDescriptor, bytes, bytes.count)
        close(readyDescriptor)
    }

    private func sayFarewell(_ reporter: ProxyReporter) {
        let done = EventDescriptor()
        let thread = Thread(name: "last-report") {
            reporter.close()
            done.signal()
        }
        thread?.detach()
        if thread != nil { done.wait(milliseconds: Self.farewellMilliseconds) }
    }

    // MARK: - Serving

    /// Until a signal, or a drain that the admin socket asked for, has let the last request finish.
    private func serve(
        _ proxy: Proxy,
        _ companion: (any ProxyCompanion)?,
        _ successor: Successor?,
        _ signals: SignalReader,
        _ streams: ServiceStreams,
        _ manager: ServiceManager,
        _ log: ServiceLog
    ) -> ExitStatus {
        var interrupts = 0
        var drain: Drain?
        // Twice in the time that the manager gives.
        let wellPause = manager.watchdogMilliseconds.map { Int32(clamping: max(1, $0 / 2)) }
        while drain?.isDone != true {
            if wellPause != nil, !proxy.hasHandedOver { manager.notify("WATCHDOG=1") }
            let usual = drain == nil ? Self.signalMilliseconds : Drain.pauseMilliseconds
            let pause = min(usual, wellPause ?? usual)
            let signal = signals.next(milliseconds: pause)
            if signal == SIGHUP || signal == SIGUSR1 {
                streams.reopen().forEach(log.warn)
                log.inform("logs opened again")
                continue
            }
            if signal == SIGUSR2 {
                if drain == nil { beginHandOver(successor, log) }
                continue
            }
            if signal == SIGINT { interrupts += 1 }
            if interrupts > 1 { return .interrupted }
            // After a hand-over clients that rest are waited for, unless somebody asks for the end.
            if signal != nil || drain == nil && proxy.isDraining && !proxy.hasHandedOver { proxy.drain() }
            if proxy.isDraining, drain == nil {
                log.inform("draining")
                if !proxy.hasHandedOver { manager.notify("STOPPING=1", "STATUS=Draining") }
                drain = Drain(proxy, companion)
            }
        }
        return .success
    }
}
