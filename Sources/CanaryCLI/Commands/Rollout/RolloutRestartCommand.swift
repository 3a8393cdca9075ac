// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryResources

/// Replaces the pods of Deployments, a few at a time.
struct RolloutRestartCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "restart",
        abstract: "Replace the pods of Deployments, a few at a time",
        discussion: Help.examples(
            ("Have them read a changed ConfigMap", "canaryctl rollout restart deployment/helloworld-v1")
        )
    )

    @OptionGroup var deployments: DeploymentArguments
    @OptionGroup(title: "Change") var change: ChangeOptions
    @OptionGroup(title: "Output") var output: ChangeOutputOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(in context: CommandContext) throws -> ExitStatus {
        let settings = try Settings(global, context)
        let keys = try deployments.keys(settings, for: "rollout restart")
        let session = ClusterSession(settings: settings, context: context)
        let time = CalendarTime(milliseconds: context.now()).text
        let result = try session.change(change, verb: "rollout") { change in
            for key in keys { try Self.restart(try change.deployment(key), at: time, in: change) }
        }
        ChangeReport(options: change, output: output.output, done: "restarted", context: context)
            .print(result)
        return try ProxyWait(options: change, session: session).wait(for: result)
    }

    /// As kubectl does it: a template with another annotation is another template.
    private static func restart(_ deployment: Resource, at time: String, in change: ClusterChange) throws {
        guard deployment.body["spec"]?["paused"]?.bool != true else {
            throw CommandError(
                "cannot restart \(deployment.key.qualifiedName): it is paused",
                hint: "canaryctl rollout resume deployment/\(deployment.name)"
            )
        }
        var body = deployment.body
        body.set(.string(time), at: "spec", "template", "metadata", "annotations", annotation)
        try change.edit(Resource(key: deployment.key, body: body))
    }

    static let annotation = "kubectl.kubernetes.io/restartedAt"
}
