// SPDX-License-Identifier: Apache-2.0

import CanaryModel
import CanaryProxy
import CanaryStore
import Glibc
import Synchronization

/// A proxy from its first table to its last request: the data plane, the thread that follows the store, reports, signals.
struct ProxyService {
    let settings: Settings
    let context: CommandContext
    var configuration: ProxyConfiguration
    /// The labels of the clients, for `sourceLabels`.
    let sourceLabels: [String: String]
    /// Where a parent waits for the proxy to be ready.
    let readyDescriptor: Int32?

    /// How soon counts are reported.
    private static let reportMilliseconds: Int32 = 200

    func run() throws -> ExitStatus {
        let signals = try SignalReader()
        let log = ServiceLog(now: context.now)
        let location = StoreLocation(settings.storeDirectory)
        try location.makeDirectory()
        let identifiers = RoutingIdentifiers()
        let proxy = try makeProxy(identifiers, location, log)
        let stop = StopSignal()
        let publisher = TablePublisher(
            follower: StoreFollower(at: location, stop: stop),
            proxy: proxy,
            log: log,
            now: context.now,
            makeBuilder: { [namespace = settings.namespace, sourceLabels] snapshot in
                RoutingTableBuilder(
                    snapshot: snapshot,
                    namespace: namespace,
                    sourceLabels: sourceLabels,
                    identifiers: identifiers
                )
            }
        )
        let reporter = makeReporter(proxy, identifiers, location, log)
        start(publisher, reporter, log)
        do {
            try proxy.start()
        } catch {
            throw CommandError(error)
        }
        announce(proxy, log)
        let status = serve(proxy, signals, reporter, log)
        stop.stop()
        attempt(log) { () throws(StoreError) in try reporter.close() }
        return status
    }

    // MARK: - Parts

    private func makeProxy(
        _ identifiers: RoutingIdentifiers,
        _ location: StoreLocation,
        _ log: ServiceLog
    ) throws -> Proxy {
        var configuration = configuration
        configuration.adminSocket = location.path(of: "admin.sock")
        do {
            return try Proxy(configuration: configuration, identifiers: identifiers) { log.warn($0) }
        } catch {
            throw CommandError(error)
        }
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
            listeners: proxy.boundAddresses
        )
        let runtime = RuntimeStore(at: location) { log.warn($0) }
        return ProxyReporter(
            proxy: proxy,
            identifiers: identifiers,
            record: record,
            runtime: runtime,
            now: context.now
        )
    }

    /// Publishes the first table in this thread, so that the proxy never answers without one, and the rest in another.
    private func start(_ publisher: sending TablePublisher, _ reporter: ProxyReporter, _ log: ServiceLog) {
        if case .published(let revision) = publisher.next() {
            attempt(log) { () throws(StoreError) in try reporter.report(applied: revision) }
        }
        let follower = Thread(name: "store") {
            while true {
                switch publisher.next() {
                case .published(let revision):
                    attempt(log) { () throws(StoreError) in try reporter.report(applied: revision) }
                case .kept: break
                case .stopped: return
                }
            }
        }
        if let follower {
            follower.detach()
        } else {
            log.warn("cannot start a thread to follow the store: changes will not be seen")
        }
    }

    private func announce(_ proxy: Proxy, _ log: ServiceLog) {
        var lines = proxy.boundAddresses.map { "listening on \($0)" }
        if let admin = proxy.adminAddress { lines.append("admin on \(admin)") }
        lines.forEach(log.announce)
        guard let readyDescriptor else { return }
        let bytes = Array((lines.joined(separator: "\n") + "\n").utf8)
        _ = write(readyDescriptor, bytes, bytes.count)
        close(readyDescriptor)
    }

    // MARK: - Serving

    /// Until a signal, or a drain that the admin socket asked for, has let the last request finish.
    private func serve(
        _ proxy: Proxy,
        _ signals: SignalReader,
        _ reporter: ProxyReporter,
        _ log: ServiceLog
    ) -> ExitStatus {
        var interrupts = 0
        var drain: Drain?
        while drain?.isDone != true {
            let signal = signals.next(
                milliseconds: drain == nil ? Self.reportMilliseconds : Drain.pauseMilliseconds
            )
            if signal == SIGINT { interrupts += 1 }
            if interrupts > 1 { return .interrupted }
            if signal != nil || proxy.isDraining, drain == nil {
                log.inform("draining")
                drain = Drain(proxy)
            }
            if signal == nil { attempt(log) { () throws(StoreError) in try reporter.reportIfDue() } }
        }
        return .success
    }
}

/// Lets the last requests finish, in a thread of its own, so that a second signal is still heard.
private final class Drain: Sendable {
    static let pauseMilliseconds: Int32 = 20

    private let done = Mutex(false)

    var isDone: Bool { done.withLock(\.self) }

    init(_ proxy: Proxy) {
        proxy.drain()
        let waiter = Thread(name: "drain") {
            proxy.wait()
            self.done.withLock { $0 = true }
        }
        waiter?.detach()
        // Without a thread to wait in there is no patience either.
        if waiter == nil { done.withLock { $0 = true } }
    }
}

/// Runs something whose failure is worth a line in the log and nothing more.
private func attempt(_ log: ServiceLog, _ body: () throws(StoreError) -> Void) {
    do throws(StoreError) {
        try body()
    } catch {
        log.warn(error.message)
    }
}

extension CommandError {
    init(_ error: ProxyError) {
        let hint: String? =
            switch error {
            case .taken:
                "choose another port with --listen or --admin; canaryctl proxy-status shows this store's proxies"
            case .badAddress, .cannotListen, .cannotStart: nil
            }
        self.init(error.message, hint: hint)
    }
}
