// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryJudge
import CanaryResources
import CanaryStore

enum RampArgument: String, ExpressibleByArgument, CaseIterable {
    case evidence, fixed
}

/// Begins a rollout.
struct RolloutStartCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "start",
        abstract: "Begin to give a version more and more traffic",
        discussion: Help.examples(
            ("As evidence allows, and see it through", "canaryctl rollout start helloworld v2 --watch"),
            (
                "By the clock",
                "canaryctl rollout start helloworld v2 --ramp fixed --steps 5,25,100 --hold 10m"
            )
        )
    )

    @Argument(help: "The host", completion: .stored(.host))
    var host: String

    @Argument(help: "The version that gets more traffic", completion: .stored(.version))
    var version: String

    @Option(
        help: ArgumentHelp(
            "The version to compare with and to go back to; else the one with the largest share",
            valueName: "version"
        )
    )
    var stable: String?

    @Option(
        help: ArgumentHelp(
            "The route, by name or index; else the one that takes every request",
            valueName: "route"
        ),
        completion: .stored(.route)
    )
    var route: String?

    @Option(
        help: ArgumentHelp("The version's shares in percent, one after the other", valueName: "shares")
    )
    var steps = "1,5,25,50,100"

    @Option(
        help: ArgumentHelp(
            "How long each step lasts at least (5s by evidence, 1m by the clock)",
            valueName: "time"
        )
    )
    var hold: TimeSpan?

    @Option(
        help: ArgumentHelp(
            "What a step waits for: evidence that the version is fine, or fixed times alone",
            valueName: "ramp"
        )
    )
    var ramp = RampArgument.evidence

    @Option(
        help: ArgumentHelp(
            "The chance to take back a version that is no worse than the stable one",
            valueName: "chance"
        )
    )
    var alpha = 0.01

    @Flag(help: "Show what happens until the rollout ends, and control it if nobody does")
    var watch = false

    @Option(help: ArgumentHelp("Watch no longer than this", valueName: "time"))
    var timeout: TimeSpan?

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func validate() throws {
        _ = try Self.shares(steps)
        guard alpha > 0, alpha <= 0.5 else {
            throw ValidationError("--alpha must be above 0 and at most 0.5\n0.01 is the default")
        }
        guard timeout == nil || watch else {
            throw ValidationError("--timeout goes with --watch\nadd --watch, or leave it out")
        }
    }

    func run(in context: CommandContext) throws -> ExitStatus {
        let settings = try Settings(global, context)
        let session = ClusterSession(settings: settings, context: context)
        let start = RolloutStart(host: host, canary: version, stable: stable, route: route)
        let (rollout, warnings) = try start.begin(session) { try plan(stable: $0) }
        context.warn(warnings)
        context.standardOutput.writeLine(
            TerminalText.escape(
                "rollout/\(rollout.record.name) started: \(rollout.request.plan.stable) → \(version)"
            )
        )
        guard watch else {
            session.warnWithoutController(rollout)
            return .success
        }
        return try RolloutWatch(session: session, timeout: timeout?.duration, form: .text)
            .run(rollout, controls: true)
    }

    private func plan(stable: String) throws -> RolloutPlan {
        let steps = try Self.shares(steps).map { RolloutPlan.Step(.split($0)) }
        var plan = RolloutPlan(stable: stable, canary: version, steps: steps)
        plan.ramp = ramp == .fixed ? .fixed : .evidence
        plan.hold = hold?.duration
        plan.rules.alpha = alpha
        return plan
    }

    /// `5,25,100`
    static func shares(_ text: String) throws -> [Share] {
        let shares = try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
            guard let share = Percentage(String(part)), share > .zero else {
                throw ValidationError(
                    "\"\(part)\" is no share of a step\nsteps are percentages above 0: 5,25,100"
                )
            }
            return share
        }
        for (share, next) in zip(shares, shares.dropFirst()) where next <= share {
            throw ValidationError(
                "the steps \"\(text)\" do not rise\neach step gives the version more than the one before: 5,25,100"
            )
        }
        return shares.map { Share(millionths: UInt64($0.millionths)) }
    }
}
