// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryResources

/// Gives Deployments an earlier template.
struct RolloutUndoCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "undo",
        abstract: "Give Deployments an earlier template",
        discussion: Help.examples(
            ("The one before the present", "canaryctl rollout undo deployment/helloworld-v1"),
            ("One of rollout history", "canaryctl rollout undo deployment/helloworld-v1 --to-revision 2")
        )
    )

    @OptionGroup var deployments: DeploymentArguments

    @Option(
        help: ArgumentHelp("The revision whose template comes back; 0 is the one before", valueName: "n")
    )
    var toRevision: Int?

    @OptionGroup(title: "Change") var change: ChangeOptions
    @OptionGroup(title: "Output") var output: ChangeOutputOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func validate() throws {
        if let toRevision, toRevision < 0 {
            throw ValidationError(
                "\"\(toRevision)\" is negative, and no revision is\ncanaryctl rollout history deployment/NAME lists the revisions"
            )
        }
    }

    func run(in context: CommandContext) throws -> ExitStatus {
        let settings = try Settings(global, context)
        if let host = deployments.deployments.first, deployments.deployments.count == 1, !host.contains("/"),
            ResourceKind(named: host) == nil
        {
            throw CommandError.wrongUsage(
                "rollout undo is for Deployments, and \"\(host)\" names none",
                hint:
                    "canaryctl rollout undo deployment/NAME; canaryctl undo \(host) takes back the last change of a host"
            )
        }
        let keys = try deployments.keys(settings, for: "rollout undo")
        let session = ClusterSession(settings: settings, context: context)
        var skipped: String?
        let result = try session.change(change, verb: "rollout") { change in
            for key in keys {
                let deployment = try change.deployment(key)
                switch try DeploymentHistory(of: deployment, in: change.view.reader)?.back(to: toRevision) {
                case .to(let former): try change.edit(former)
                case .skipped(let problem):
                    skipped = "\(problem)"
                    try change.put(deployment)
                case nil: throw CommandError.notFound(key)
                }
            }
        }
        ChangeReport(
            options: change,
            output: output.output,
            done: "rolled back",
            unchanged: skipped,
            context: context
        ).print(result)
        return try ProxyWait(options: change, session: session).wait(for: result)
    }
}
