// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryJudge
import CanaryResources
import CanaryStore

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

    @OptionGroup var rampOptions: RampOptions

    @Flag(help: "Show what happens until the rollout ends, and control it if nobody does")
    var watch = false

    @Option(help: ArgumentHelp("Watch no longer than this", valueName: "time"))
    var timeout: TimeSpan?

    @OptionGroup(title: "Change") var change: ChangeOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func validate() throws {
        guard timeout == nil || watch else {
            throw ValidationError("--timeout goes with --watch\nadd --watch, or leave it out")
        }
    }

    func run(in context: CommandContext) throws -> ExitStatus {
        let settings = try Settings(global, context)
        let session = ClusterSession(settings: settings, context: context)
        let started = try RolloutStart(host: host, fields: try fields, alpha: rampOptions.alpha).begin(
            session,
            change
        )
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
                "steps": try rampOptions.stepsNode, "ramp": rampOptions.rampNode,
                "hold": rampOptions.holdNode,
            ]
        }
    }
}
