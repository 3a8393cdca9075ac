// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import ArgumentParser
import CanaryResources
import CanaryStore

/// Lists the running proxies.
struct ProxyStatusCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "proxy-status",
        abstract: "List the running proxies and the revisions they serve"
    )

    @OptionGroup(title: "Output") var output: ReportOutputOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(in context: CommandContext) throws -> ExitStatus {
        let settings = try Settings(global, context)
        let session = ClusterSession(settings: settings, context: context)
        let (proxies, revision) = try proxies(session)
        let silent = session.warningsOfSilentProxies(besides: proxies)
        defer { context.warn(silent) }
        guard output.output == .text else {
            let list = ObjectText.list(proxies.map { Self.node($0, revision) })
            context.standardOutput.write(ObjectText.text(list, as: output.output))
            return .success
        }
        guard !proxies.isEmpty else {
            guard silent.isEmpty else { return .success }
            context.standardError.writeLine("No proxy is running.")
            context.standardError.writeLine("hint: canaryctl proxy --detach starts one")
            return .success
        }
        var table = Table(titles: ["PID", "REVISION", "STATE", "LISTENERS", "ADMIN", "AGE"])
        for proxy in proxies {
            table.add([
                String(proxy.process.pid),
                String(proxy.appliedRevision),
                proxy.state(at: revision),
                proxy.listeners.joined(separator: ","),
                proxy.admin ?? "<none>",
                TimeText.age(from: proxy.startedAt, to: context.now()),
            ])
        }
        context.standardOutput.write(table.text)
        for warning in proxies.flatMap(\.warnings) { context.standardError.writeLine("warning: \(warning)") }
        return .success
    }

    /// The proxies and the store's revision; proxies go on, and are shown, where it cannot be read.
    private func proxies(_ session: ClusterSession) throws -> ([ProxyRecord], revision: Int64?) {
        let proxies = try session.runtime.liveProxies()
        do {
            return try session.read { view in (try session.liveProxies(seenFrom: view), view.revision) }
        } catch let error as StoreError where !proxies.isEmpty {
            session.context.standardError.writeLine("warning: \(TerminalText.message(error.message))")
            return (proxies, nil)
        }
    }

    private static func node(_ endpoint: ProxyRecord.FailingEndpoint) -> Node {
        .mapping([
            "host": .string(endpoint.host), "address": .string(endpoint.address),
            "reason": .string(endpoint.reason),
        ])
    }

    private static func node(_ proxy: ProxyRecord, _ revision: Int64?) -> Node {
        var node = Node.mapping([
            "apiVersion": .string("canaryctl.dev/v1alpha1"),
            "kind": .string("ProxyStatus"),
            "pid": .integer(Int64(proxy.process.pid)),
            "version": .string(proxy.version),
            "appliedRevision": .integer(proxy.appliedRevision),
            "revision": revision.map { .integer($0) } ?? Node(.null),
            "upToDate": .bool(revision.map { proxy.isUpToDate(at: $0) } ?? false),
            "draining": .bool(proxy.isDraining),
            "staleSince": proxy.staleSince.map { .string(CalendarTime(milliseconds: $0).text) }
                ?? Node(.null),
            "problems": .sequence(proxy.problems.map { .string($0) }),
            "damagedObjects": .sequence(proxy.damage.map { .string($0) }),
            "failingEndpoints": .sequence(proxy.failing.map(node)),
            "listeners": .sequence(proxy.listeners.map { .string($0) }),
            "admin": proxy.admin.map { .string($0) } ?? Node(.null),
            "startedAt": .string(CalendarTime(milliseconds: proxy.startedAt).text),
            "heartbeatAt": .string(CalendarTime(milliseconds: proxy.heartbeat).text),
        ])
        if !proxy.clientNamespace.isEmpty {
            node.set(.string(proxy.clientNamespace), at: "clientNamespace")
            var labels = Node.mapping([:])
            for (key, value) in proxy.clientLabels.sorted(by: { $0.key < $1.key }) {
                labels.set(.string(value), at: key)
            }
            node.set(labels, at: "clientLabels")
        }
        return node
    }
}
