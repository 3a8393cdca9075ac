// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryReplicas
import CanaryResources
import CanaryStore

/// One page for each host: where its requests are meant to go, can go, and went.
struct DescribeCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "describe",
        abstract: "Show the traffic of hosts, or one object",
        usage: """
            canaryctl describe [<host>] [<options>]
            canaryctl describe <kind> [<name>] [<options>]
            """,
        discussion: Help.examples(
            ("Every canary of the store", "canaryctl describe"),
            ("One host", "canaryctl describe helloworld"),
            ("One object", "canaryctl describe deployment helloworld-v1")
        )
    )

    @Argument(
        help: ArgumentHelp(
            "A host, or a kind and a name; every host where nothing is given",
            valueName: "host"
        ),
        completion: .stored(.hostOrObject)
    )
    var subject: [String] = []

    @Flag(name: .shortAndLong, help: "Go on and show the page again after each change")
    var watch = false

    @OptionGroup(title: "Output") var output: ReportOutputOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func validate() throws {
        guard subject.count <= 2 else {
            throw ValidationError(
                "describe takes a host, or a kind and a name\nfor example: canaryctl describe helloworld, or canaryctl describe deployment helloworld-v1"
            )
        }
    }

    func run(in context: CommandContext) throws -> ExitStatus {
        let settings = try Settings(global, context)
        let session = ClusterSession(settings: settings, context: context)
        if let objects = try objects(session) {
            let page = { try self.page(of: objects, session) }
            guard !watch else { return try Watch(session: session).run(page) }
            context.standardOutput.write(try page())
            return .success
        }
        let page = TrafficPage(session: session, output: output.output)
        guard watch else {
            context.standardOutput.write(try page.text(of: subject.first))
            return .success
        }
        return try Watch(session: session).run { try page.text(of: subject.first) }
    }

    /// `describe KIND NAME`, `describe KIND/NAME`, or a kind alone, unless a host has its name; `nil` for hosts.
    private func objects(_ session: ClusterSession) throws -> ObjectQuery? {
        let isNamed = subject.count == 2 || subject.first?.contains("/") == true
        guard try isNamed || isKind(session) else { return nil }
        return ObjectQuery(
            selection: try ObjectSelection(subject),
            namespace: session.settings.namespace,
            selector: nil
        )
    }

    private func isKind(_ session: ClusterSession) throws -> Bool {
        guard subject.count == 1, ResourceKind(named: subject[0]) != nil else { return false }
        return try session.read { view in
            let host = try view.host(named: subject[0], namespace: session.settings.namespace)
            return try view.closure(of: [host]).isEmpty
        }
    }

    private func page(of query: ObjectQuery, _ session: ClusterSession) throws -> String {
        try session.read { view in
            let (found, missing) = try query.resources(in: view)
            if let error = CommandError.joined(missing.map(CommandError.notFound)) { throw error }
            guard output.output == .text else { return machineText(found, isOne: query.namesOneObject) }
            if found.isEmpty, !query.namesOneObject {
                let place = "in \(session.settings.namespace) namespace"
                session.context.standardError.writeLine("No resources found \(place).")
            }
            let running = RunningReplicas(view.running.all, now: session.context.now())
            let autoscalers = AutoscalerReports(session.runtime)
            return found.map { text($0, running.status(of: $0), autoscalers, session) }
                .joined(separator: "\n\n")
        }
    }

    private func machineText(_ resources: [Resource], isOne: Bool) -> String {
        let nodes = resources.map { SecretData.hide(in: ObjectText.node($0)) }
        // One that cannot be read is told by an error.
        guard isOne else { return ObjectText.text(ObjectText.list(nodes), as: output.output) }
        return nodes.first.map { ObjectText.text($0, as: output.output) } ?? ""
    }

    private func text(
        _ resource: Resource,
        _ replicas: DeploymentStatus?,
        _ autoscalers: AutoscalerReports,
        _ session: ClusterSession
    ) -> String {
        let now = session.context.now()
        let known = resource.kind.hasEvents ? try? session.runtime.events(of: resource.key) : nil
        let events = EventTable(known ?? [], now: now).section
        guard let report = autoscalers.report(of: resource) else {
            let text = ObjectDescription(resource, now: now, replicas: replicas).text
            return resource.kind.hasEvents ? text + events.map { $0 + "\n" }.joined() : text
        }
        let status = autoscalers.status(of: resource)
        return AutoscalerDescription(
            resource: resource,
            report: report,
            status: status,
            events: events,
            now: now
        ).text
    }
}

extension ResourceKind {
    /// Whether a node tells what happens to objects of the kind.
    fileprivate var hasEvents: Bool { [.pod, .deployment, .horizontalPodAutoscaler].contains(self) }
}
