// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryResources

/// Sets how many replicas Deployments have.
struct ScaleCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "scale",
        abstract: "Set how many replicas Deployments have",
        discussion: Help.examples(
            ("Three of one", "canaryctl scale deployment/helloworld-v1 --replicas 3"),
            (
                "Only if there are two",
                "canaryctl scale deployment helloworld-v1 --current-replicas 2 --replicas 3"
            ),
            ("All of an application", "canaryctl scale deployment -l app=helloworld --replicas 0")
        )
    )

    @OptionGroup var deployments: DeploymentArguments

    @Flag(help: "All Deployments of the namespace")
    var all = false

    @Option(name: .selector, help: ArgumentHelp("Those with these labels", valueName: "selector"))
    var selector: String?

    @Option(help: ArgumentHelp("How many", valueName: "count"))
    var replicas: Int

    @Option(help: ArgumentHelp("Only if each has as many now", valueName: "count"))
    var currentReplicas: Int?

    @OptionGroup(title: "Change") var change: ChangeOptions
    @OptionGroup(title: "Output") var output: ChangeOutputOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func validate() throws {
        guard (0...Int(Int32.max)).contains(replicas) else {
            throw ValidationError(
                "--replicas \(replicas) is no number of replicas\nfrom 0 to \(Int32.max): --replicas 3"
            )
        }
    }

    func run(in context: CommandContext) throws -> ExitStatus {
        let settings = try Settings(global, context)
        let selection = try DeploymentSelection(
            deployments,
            all: all,
            selector: selector,
            settings,
            command: "scale"
        )
        let session = ClusterSession(settings: settings, context: context)
        var warnings: [String] = []
        let result = try session.change(change, verb: "scale") { change in
            let found = try selection.deployments(in: change)
            for deployment in found {
                try requireCurrent(deployment)
                try scale(deployment, in: change)
            }
            warnings = try found.flatMap { try change.autoscalers(of: $0.key) }.map(warning)
            warnings += PodRoom.warnings(of: change.changes)
            warnings += try UnservedShares.warnings(
                of: change,
                client: settings.namespace,
                failing: session.failingAddresses
            )
        }
        if result.changes.isEmpty {
            context.standardError.writeLine("No deployments found in \(settings.namespace) namespace.")
        }
        context.warn(warnings)
        ChangeReport(options: change, output: output.output, done: "scaled", context: context).print(result)
        return try ProxyWait(options: change, session: session).wait(for: result)
    }

    private func scale(_ deployment: Resource, in change: ClusterChange) throws {
        var body = deployment.body
        body.set(.integer(Int64(replicas)), at: "spec", "replicas")
        try change.edit(Resource(key: deployment.key, body: body))
    }

    private func requireCurrent(_ deployment: Resource) throws {
        let current = deployment.deployment?.replicas ?? 1
        guard let currentReplicas, currentReplicas != current else { return }
        throw CommandError(
            "\(deployment.key.qualifiedName) is expected to have \(currentReplicas) replicas, and has \(current)",
            hint: "nothing was changed; leave out --current-replicas to scale it in any case"
        )
    }

    /// What an autoscaler makes of the number. As in Kubernetes, one whose target has no replicas rests.
    private func warning(_ autoscaler: Resource) -> String {
        let name = autoscaler.key.qualifiedName
        guard replicas > 0 else {
            return "\(name) rests until \(autoscaler.autoscaler?.targetName ?? "") has replicas again"
        }
        let bounds = autoscaler.autoscaler.map { "\($0.minReplicas) to \($0.maxReplicas)" } ?? ""
        return "\(name) will change this again: it keeps \(bounds) replicas"
    }
}
