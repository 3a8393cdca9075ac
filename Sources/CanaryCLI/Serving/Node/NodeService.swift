// SPDX-License-Identifier: Apache-2.0

import CanaryNode
import CanaryProxy
import CanaryReplicas
import CanaryResources
import CanaryRollout
import CanaryStore
import CanarySystem
import Glibc

/// The pods of a store's Deployments and the controller of its rollouts, in the proxy's process.
final class NodeService: ProxyCompanion {
    private let settings: Settings
    private let executable: String
    private let groups: ControlGroups
    private let environment: [String: String]
    private let now: @Sendable () -> Int64
    private let lock: NodeLock
    private let mailbox = NodeMailbox()
    private let stopped = EventDescriptor()
    private let done = EventDescriptor()
    private let printed = EventDescriptor()
    private let noted = EventDescriptor()
    private let logs: PodLogs?
    private let autoscalerPeriod: Duration
    private let runtime: ContainerRuntime
    /// Tells the store's containers from those of others.
    private let storePath: String

    /// How often the output of pods is looked for.
    private static let logMilliseconds: Int32 = 100
    /// How long whoever reads the output may keep the end waiting.
    private static let lastLogMilliseconds: Int32 = 1000
    /// The same of whoever holds `runtime.db`.
    private static let lastEventMilliseconds: Int32 = 1000

    /// - Parameters:
    ///   - autoscalerPeriod: how often each autoscaler looks at its Deployment.
    ///   - runtime: what containers with images run by.
    ///   - showsLogs: whether what pods write is printed, as long as somebody sees it.
    init(
        _ settings: Settings,
        _ context: CommandContext,
        autoscalerPeriod: Duration,
        runtime: RuntimeChoice,
        showsLogs: Bool
    ) throws {
        let location = StoreLocation(settings.storeDirectory)
        try location.makeDirectory()
        guard let lock = try NodeLock.acquire(at: location) else {
            throw Self.refusal(NodeLock.holder(at: location), settings)
        }
        let logs = location.path(of: Self.logsName)
        // What pods wrote before is removed, and that must be the node's own.
        guard !FileReader.isLink(logs) else {
            throw CommandError(
                "cannot keep the output of pods: \(logs) is a link, and the node follows none out of its store",
                hint: "remove the link, or put the whole store elsewhere with --store"
            )
        }
        self.lock = lock
        self.settings = settings
        self.logs =
            showsLogs
            ? PodLogs(logs, Style(settings.color, for: context.standardOutput, in: context)) : nil
        self.autoscalerPeriod = autoscalerPeriod
        executable = context.executable
        groups = ControlGroups.ofThisProcess(name: Self.groupName(location))
        storePath = location.directory
        environment = context.environment
        now = context.now
        self.runtime = try runtime.runtime(store: storePath, environment: environment)
    }

    /// Throws where another process is the store's node, without a trace where none is.
    static func requireNoOther(_ settings: Settings) throws {
        let location = StoreLocation(settings.storeDirectory)
        if let holder = NodeLock.holder(at: location) { throw refusal(holder, settings) }
    }

    private static func refusal(_ holder: String?, _ settings: Settings) -> CommandError {
        CommandError(
            "\(holder.map { "process \($0)" } ?? "another process") runs the pods of \(settings.storeDirectory)",
            hint: "canaryctl down ends it; canaryctl get pods shows what it runs"
        )
    }

    private static let logsName = "logs"

    /// One name for each store, so that a later node of it finds what an earlier one left.
    static func groupName(_ location: StoreLocation) -> String {
        let mark = location.directory.utf8.reduce(UInt32(2_166_136_261)) { ($0 ^ UInt32($1)) &* 16_777_619 }
        return "canaryctl-\(String(mark, radix: 16))"
    }

    func start(beside proxy: Proxy, _ tables: ServedTables, _ log: ServiceLog) throws {
        let location = StoreLocation(settings.storeDirectory)
        let place = NodePlace(
            program: executable,
            logDirectory: location.path(of: Self.logsName),
            groups: groups,
            runtime: runtime,
            store: storePath
        )
        // What an earlier node left that was killed.
        groups.clear()
        PodLogFiles.clear(place.logDirectory)
        let reporter = PodReporter(location, mailbox, startedAt: now(), log)
        let drains = PodDrains(mailbox, proxy, reporter)
        let probes = PodProbes(mailbox)
        let events = EventReporter(location, log, now: now)
        let autoscalers = AutoscalerService(
            location,
            of: reporter.record.id,
            beside: proxy,
            each: autoscalerPeriod,
            events,
            log
        )
        let warnings = WarningLog(log)
        let hands: @Sendable () -> NodeHands = { [logs] in
            NodeHands(
                publish: { news in
                    tables.apply(pods: news.changed, removed: news.removed, on: proxy)
                    reporter.take(news)
                    logs?.take(news)
                    autoscalers.take(news)
                    for (key, event) in news.events { events.note(event, of: key) }
                    warnings.take(news)
                },
                drain: { drains.begin($0, $1) },
                ask: { probes.ask($1, for: $0) }
            )
        }
        reporter.makeKnown()
        startAgent(place, hands: hands)
        try begin("deployments") { [settings, mailbox, stopped] in
            var follower = DeploymentFollower(settings, stop: stopped)
            follower.run { mailbox.put(.cluster($0)) }
        }
        try begin("pods") { [stopped] in reporter.run(until: stopped) }
        try begin("autoscalers") { [stopped] in autoscalers.run(until: stopped) }
        try begin("events") { [stopped, noted] in
            events.run(until: stopped)
            noted.signal()
        }
        try begin("drains") { [stopped] in drains.run(until: stopped) }
        if let logs {
            try begin("logs") { [stopped, printed] in
                while !stopped.wait(milliseconds: Self.logMilliseconds) { logs.print() }
                // What pods wrote as they ended.
                logs.print()
                printed.signal()
            }
        }
        try begin("rollouts") { [settings, stopped] in Self.controlRollouts(settings, log, until: stopped) }
    }

    /// Ends all pods in order.
    func stop() {
        mailbox.put(.stop)
        done.wait(milliseconds: -1)
        groups.remove()
        stopped.signal()
        noted.wait(milliseconds: Self.lastEventMilliseconds)
        if logs != nil { printed.wait(milliseconds: Self.lastLogMilliseconds) }
    }

    // MARK: - Parts

    private func startAgent(_ place: NodePlace, hands: @escaping @Sendable () -> NodeHands) {
        let surroundings = NodeSurroundings(
            name: Self.hostName(),
            capacity: ["cpu": MilliValue(Int64(Processors.count) * 1000)],
            environment: environment,
            now: { TimePoint(milliseconds: Clock.monotonicMilliseconds()) },
            wallOffset: now() - Clock.monotonicMilliseconds(),
            makeUID: { UUID.random().description }
        )
        let thread = Thread(name: "node") { [mailbox, done] in
            NodeAgent(
                at: place,
                in: surroundings,
                mailbox: mailbox,
                hands: hands(),
                random: SystemRandomNumberGenerator()
            ).run()
            done.signal()
        }
        thread?.detach()
        if thread == nil { done.signal() }
    }

    private func begin(_ name: String, _ body: @escaping @Sendable () -> Void) throws {
        guard let thread = Thread(name: name, body) else {
            throw CommandError(
                "the system has no more threads",
                hint: "end other programs, or raise the limit: ulimit -u"
            )
        }
        thread.detach()
    }

    private static func hostName() -> String {
        var name = utsname()
        unsafe uname(&name)
        return unsafe withUnsafeBytes(of: &name.nodename) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    /// Another controller of the store goes on, if there is one.
    private static func controlRollouts(_ settings: Settings, _ log: ServiceLog, until stop: EventDescriptor)
    {
        let session = ClusterSession(settings: settings, context: .process())
        do {
            guard var service = try RolloutService(session, isTelling: true) else {
                log.inform("another process controls the store's rollouts")
                return
            }
            while !stop.wait(milliseconds: RolloutController.pauseMilliseconds) { try service.turn() }
        } catch {
            log.warn("nobody controls the rollouts: \((error as? CommandError)?.message ?? "\(error)")")
        }
    }
}
