// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryResources
import CanaryStore

/// One page of what the store's node runs.
struct StatusCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show what runs: proxy, Deployments, pods, autoscalers and rollouts",
        discussion: Help.examples(
            ("Everything on one page", "canaryctl status"),
            ("The processes of the pods, for a script", "canaryctl status -o json")
        )
    )

    @OptionGroup(title: "Output") var output: ReportOutputOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(in context: CommandContext) throws -> ExitStatus {
        let session = ClusterSession(settings: try Settings(global, context), context: context)
        let status = try session.read { view in try NodeStatus(session, view) }
        defer { context.warn(session.warningsOfSilentProxies(besides: status.proxies)) }
        guard output.output == .text else {
            context.standardOutput.write(ObjectText.text(status.report, as: output.output))
            return .success
        }
        if status.node == nil {
            context.standardError.writeLine("No node is running: nothing runs the pods of Deployments.")
            context.standardError.writeLine("hint: canaryctl up starts one")
        }
        context.standardOutput.write(
            NodePage(status, namespace: session.settings.namespace, now: context.now()).text
        )
        context.warn(status.proxies.flatMap(\.warnings))
        return .success
    }
}
