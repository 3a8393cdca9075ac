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
        help: ArgumentHelp(
            "The version's shares in percent, one after the other (1,5,25,50,100)",
            valueName: "shares"
        )
    )
    var steps: String?

    @Option(
        help: ArgumentHelp(
            "How long each step lasts at least (5s by evidence, 1m by the clock)",
            valueName: "time"
        )
    )
    var hold: TimeSpan?

    @Option(
        help: ArgumentHelp(
            "What a step waits for: evidence that the version is fine, which is the default, or fixed times alone",
            valueName: "ramp"
        )
    )
    var ramp: RampArgument?

    @Option(
        help: ArgumentHelp(
            "The chance to take back a version that is no worse than the stable one (0.01)",
            valueName: "chance"
        )
    )
    var alpha: Double?

    @Flag(help: "Show what happens until the rollout ends, and control it if nobody does")
    var watch = false

    @Option(help: ArgumentHelp("Watch no longer than this", valueName: "time"))
    var timeout: TimeSpan?

    @OptionGroup(title: "Change") var change: ChangeOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func validate() throws {
        _ = try steps.map(Self.shares)
        guard alpha.map({ $0 > 0 && $0 <= 0.5 }) ?? true else {
            throw ValidationError("--alpha must be above 0 and at most 0.5\n0.01 is the default")
        }
        guard timeout == nil || watch else {
            throw ValidationError("--timeout goes with --watch\nadd --watch, or leave it out")
        }
    }

    func run(in context: CommandContext) throws -> ExitStatus {
        let settings = try Settings(global, context)
        let session = ClusterSession(settings: settings, context: context)
        let started = try RolloutStart(host: host, fields: try fields, alpha: alpha).begin(session, change)
        context.warn(started.warnings)
        let report = ChangeReport(options: change, context: context)
        guard let rollout = started.rollout else {
            report.print(started.result)
            return .success
        }
        context.standardOutput.writeLine(
            TerminalText.escape(
                "rollout/\(rollout.record.name) started: \(rollout.state.plan.stable) → \(version)"
            )
        )
        report.printRevision(started.result)
        guard watch else {
            session.warnWithoutController(rollout)
            return try ProxyWait(options: change, session: session).wait(for: started.result)
        }
        return try RolloutWatch(session: session, timeout: timeout?.duration, form: .text)
            .run(rollout, controls: true)
    }

    /// What the options say of the object. One that is left out is left out of the object too.
    private var fields: KeyValuePairs<String, Node?> {
        get throws {
            [
                "canary": .string(version), "stable": stable.map(Node.string),
                "route": route.map { Int64($0).map { .integer($0) } ?? .string($0) },
                "steps": try steps.map { .sequence(try Self.shares($0).map(Self.node)) },
                "ramp": ramp.map { .string($0.rawValue) },
                "hold": hold.map { .string($0.defaultValueDescription) },
            ]
        }
    }

    /// Whole shares are numbers, as people write them.
    private static func node(_ share: Percentage) -> Node {
        share.millionths.isMultiple(of: 10_000)
            ? .integer(Int64(share.millionths / 10_000)) : .string("\(share)")
    }

    /// `5,25,100`
    static func shares(_ text: String) throws -> [Percentage] {
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
        return shares
    }
}
