// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryJudge
import CanaryResources

/// Shows where a rollout is.
struct RolloutStatusCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show where a rollout is and what the judge says, or wait for a Deployment's update",
        discussion: Help.examples(
            ("For a script", "canaryctl rollout status helloworld -o json"),
            ("Until all pods are new", "canaryctl rollout status deployment/helloworld-v1 --timeout 1m")
        )
    )

    @OptionGroup var subject: RolloutArgument

    @Option(help: ArgumentHelp("How long to wait for a Deployment at most", valueName: "time"))
    var timeout: TimeSpan?

    @OptionGroup(title: "Output") var output: ReportOutputOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(in context: CommandContext) throws -> ExitStatus {
        let session = ClusterSession(settings: try Settings(global, context), context: context)
        if let deployment = DeploymentRollout(subject.text, session) {
            return try deployment.watch(atMost: timeout)
        }
        let rollout = try session.rollout(of: subject.text)
        session.warnWithoutController(rollout)
        let report = RolloutReport(rollout: rollout)
        context.standardOutput.write(
            output.output == .text ? report.text : ObjectText.text(report.node, as: output.output)
        )
        return .success
    }
}

/// Lists what a rollout did.
struct RolloutHistoryCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "List what a rollout did, when and why, or the templates that a Deployment had",
        discussion: Help.examples(
            ("What a rollout did", "canaryctl rollout history helloworld"),
            ("The revisions of a Deployment", "canaryctl rollout history deployment/helloworld-v1"),
            ("One of them", "canaryctl rollout history deployment/helloworld-v1 --revision 2")
        )
    )

    @OptionGroup var subject: RolloutArgument

    @Option(help: ArgumentHelp("All that one revision of a Deployment has", valueName: "n"))
    var revision: Int?

    @OptionGroup(title: "Output") var output: ReportOutputOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(in context: CommandContext) throws -> ExitStatus {
        let settings = try Settings(global, context)
        let session = ClusterSession(settings: settings, context: context)
        if let deployment = DeploymentRollout(subject.text, session) {
            return try deployment.printHistory(revision, as: output.output)
        }
        guard revision == nil else {
            throw CommandError.wrongUsage(
                "--revision is for Deployments, and \"\(subject.text)\" names none",
                hint: "canaryctl rollout history deployment/NAME --revision \(revision ?? 1)"
            )
        }
        let lines = try session.read { view in
            let host = try view.host(named: subject.text, namespace: settings.namespace)
            let rollout = try StoredRollout(of: host, view, settings)
            var state = RolloutState(rollout.state.plan)
            return rollout.entries.compactMap { entry -> (time: Int64, text: String, attempt: Int)? in
                _ = state.apply(entry)
                return entry.sentence(state).map { (entry.wallMilliseconds, $0, state.attempt) }
            }
        }
        guard output.output == .text else {
            let list = ObjectText.list(
                lines.map { line in
                    .mapping([
                        "apiVersion": .string("canaryctl.dev/v1alpha1"), "kind": .string("RolloutEvent"),
                        "time": .string(CalendarTime(milliseconds: line.time).text),
                        "attempt": .integer(Int64(line.attempt)), "message": .string(line.text),
                    ])
                }
            )
            context.standardOutput.write(ObjectText.text(list, as: output.output))
            return .success
        }
        var table = Table(titles: ["WHEN", "ATTEMPT", "WHAT"])
        for line in lines {
            table.add([TimeText.ago(line.time, now: context.now()), "\(line.attempt)", line.text])
        }
        context.standardOutput.write(table.text)
        return .success
    }
}

enum WatchFormat: String, ExpressibleByArgument, CaseIterable {
    case text, jsonl
}

/// Shows what a rollout does until it ends.
struct RolloutWatchCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Show what a rollout does until it ends"
    )

    @Argument(help: "The host", completion: .stored(.host))
    var host: String

    @Option(help: ArgumentHelp("Watch no longer than this", valueName: "time"))
    var timeout: TimeSpan?

    @Option(
        name: .output,
        help: ArgumentHelp("text, or jsonl for a status a line at each change", valueName: "format")
    )
    var output = WatchFormat.text

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(in context: CommandContext) throws -> ExitStatus {
        let session = ClusterSession(settings: try Settings(global, context), context: context)
        let rollout = try session.rollout(of: host)
        session.warnWithoutController(rollout)
        if output == .text, !context.standardOutput.isTerminal {
            context.standardOutput.write(RolloutReport(rollout: rollout).text)
        }
        return try RolloutWatch(
            session: session,
            timeout: timeout?.duration,
            form: output == .text ? .text : .lines
        ).run(rollout)
    }
}
