// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryJudge
import CanaryStore

/// What every order takes.
struct OrderOptions: ParsableArguments {
    @OptionGroup var subject: RolloutArgument

    @Option(help: ArgumentHelp("Why; kept in the journal", valueName: "text"))
    var reason: String?
}

/// A command that tells a rollout what to do.
protocol OrderCommand: Subcommand {
    var order: OrderOptions { get }
    var verb: RolloutVerb { get }
}

extension OrderCommand {
    func run(in context: CommandContext) throws -> ExitStatus {
        let session = ClusterSession(settings: try Settings(global, context), context: context)
        if let deployment = DeploymentRollout(order.subject.text, session) {
            return try deployment.give(verb, reason: order.reason)
        }
        let rollout = try RolloutOrder(session: session, verb: verb, reason: order.reason)
            .give(to: order.subject.text)
        context.standardOutput.writeLine(
            TerminalText.escape("rollout/\(rollout.record.name) \(verb.done): \(rollout.message)")
        )
        session.warnWithoutController(rollout)
        return .success
    }
}

struct RolloutPauseCommand: OrderCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Let a rollout stay where it is; the judge goes on",
        discussion: Help.examples(
            ("For the night", "canaryctl rollout pause helloworld --reason 'nobody is here'")
        )
    )

    @OptionGroup var order: OrderOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    var verb: RolloutVerb { .pause }
}

struct RolloutResumeCommand: OrderCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Let a paused rollout go on; after an edit, with the weights of its step"
    )

    @OptionGroup var order: OrderOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    var verb: RolloutVerb { .resume }
}

struct RolloutPromoteCommand: OrderCommand {
    static let configuration = CommandConfiguration(
        commandName: "promote",
        abstract: "Go on to a rollout's next step, whatever is missing",
        discussion: Help.examples(("To all traffic at once", "canaryctl rollout promote helloworld --full"))
    )

    @Flag(help: "Give the new version all traffic now")
    var full = false

    @OptionGroup var order: OrderOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    var verb: RolloutVerb { full ? .promoteFull : .promote }
}

struct RolloutAbortCommand: OrderCommand {
    static let configuration = CommandConfiguration(
        commandName: "abort",
        abstract: "Take the new version back",
        discussion: Help.examples(
            ("For a reason", "canaryctl rollout abort helloworld --reason 'wrong totals'")
        )
    )

    @OptionGroup var order: OrderOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    var verb: RolloutVerb { .abort }
}

struct RolloutRetryCommand: OrderCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "Begin an aborted rollout again, from its first step"
    )

    @OptionGroup var order: OrderOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    var verb: RolloutVerb { .retry }
}
