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
            canaryctl describe <kind> <name> [<options>]
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
        if let key = try objectKey(settings) { return try describe(key, session) }
        let page = TrafficPage(session: session, output: output.output)
        guard watch else {
            context.standardOutput.write(try page.text(of: subject.first))
            return .success
        }
        return try Watch(session: session).run { try page.text(of: subject.first) }
    }

    /// `describe KIND NAME` or `describe KIND/NAME`.
    private func objectKey(_ settings: Settings) throws -> ResourceKey? {
        guard subject.count == 2 || subject.first?.contains("/") == true else { return nil }
        guard case .names(let names) = try ObjectSelection(subject), let first = names.first else {
            return nil
        }
        return ResourceKey(first.kind, namespace: settings.namespace, name: first.name)
    }

    private func describe(_ key: ResourceKey, _ session: ClusterSession) throws -> ExitStatus {
        let (found, replicas) = try session.read { view -> (Resource?, DeploymentStatus?) in
            guard let resource = try view.resource(key) else { throw CommandError.notFound(key) }
            guard !view.damage.contains(key) else { return (nil, nil) }
            guard key.kind == .deployment else { return (resource, nil) }
            let running = RunningReplicas(view.running.all, now: session.context.now())
            return (resource, running.status(of: resource))
        }
        guard let resource = found else { return .failure }
        let stream = session.context.standardOutput
        switch output.output {
        case .text: stream.write(text(resource, replicas, session))
        case .json, .yaml:
            stream.write(ObjectText.text(SecretData.hide(in: ObjectText.node(resource)), as: output.output))
        }
        return .success
    }

    private func text(_ resource: Resource, _ replicas: DeploymentStatus?, _ session: ClusterSession)
        -> String
    {
        let now = session.context.now()
        let known = resource.kind.hasEvents ? try? session.runtime.events(of: resource.key) : nil
        let events = EventTable(known ?? [], now: now).section
        let autoscalers = AutoscalerReports(session.runtime)
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
