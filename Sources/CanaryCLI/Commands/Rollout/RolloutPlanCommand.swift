// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryJudge
import CanaryResources

/// Tells before a rollout what it will find, and how long it will take.
struct RolloutPlanCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Tell how soon a bad version would be caught, and how long a good one takes",
        discussion: Help.examples(
            ("With what the proxies have counted", "canaryctl rollout plan helloworld v2"),
            (
                "Before there is any traffic",
                "canaryctl rollout plan helloworld v2 --rate 100/s --error-rate 0.5%"
            ),
            ("Of a manifest", "canaryctl rollout plan -f rollout.yaml --rate 6000/m --error-rate 1%")
        )
    )

    @Argument(help: "The host", completion: .stored(.host))
    var host: String?

    @Argument(help: "The version that gets more traffic", completion: .stored(.version))
    var version: String?

    @Option(
        help: ArgumentHelp(
            "The requests of the route: 100/s, 6000/m; else what the proxies have counted",
            valueName: "rate"
        )
    )
    var rate: RequestRate?

    @Option(
        help: ArgumentHelp(
            "The part of its requests that the stable version fails; else what was counted",
            valueName: "percent"
        )
    )
    var errorRate: PercentageArgument?

    @Option(
        help: ArgumentHelp(
            "The version to compare with; else the one with the largest share",
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
    @OptionGroup(title: "Input") var manifests: ManifestOptions
    @OptionGroup(title: "Output") var output: ReportOutputOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func validate() throws {
        guard !manifests.files.isEmpty || host != nil && version != nil else {
            throw ValidationError(
                "a host and a version are missing\ncanaryctl rollout plan HOST VERSION, or -f with a Rollout"
            )
        }
        guard errorRate.map({ $0.percentage > .zero }) ?? true else {
            throw ValidationError(
                "--error-rate must be above 0\nof what never happens, nothing is a multiple: 0.01%"
            )
        }
    }

    func run(in context: CommandContext) throws -> ExitStatus {
        let settings = try Settings(global, context)
        let forecast = try forecast(of: planned(settings, context), settings, context)
        context.standardOutput.write(
            output.output == .text ? forecast.text : ObjectText.text(forecast.node, as: output.output)
        )
        return .success
    }

    private func planned(_ settings: Settings, _ context: CommandContext) throws -> PlannedRollout {
        guard manifests.files.isEmpty else {
            return try PlannedRollout(manifests, host: host, settings: settings, in: context)
        }
        return PlannedRollout(
            [
                "host": host.map { .string(HostName.fromUser($0, namespace: settings.namespace)) },
                "canary": version.map(Node.string),
                "stable": stable.map(Node.string),
                "route": route.map { Int64($0).map { .integer($0) } ?? .string($0) },
                "steps": try rampOptions.stepsNode, "ramp": rampOptions.rampNode,
                "hold": rampOptions.holdNode,
            ],
            alpha: rampOptions.alphaNode,
            namespace: settings.namespace
        )
    }

    private func forecast(of rollout: PlannedRollout, _ settings: Settings, _ context: CommandContext) throws
        -> RolloutForecast
    {
        if let rate, let errorRate {
            return RolloutForecast(
                rollout.plan,
                host: rollout.host,
                requestsPerSecond: rate.perSecond,
                errorRate: errorRate.value,
                source: "as given"
            )
        }
        let session = ClusterSession(settings: settings, context: context)
        let counted = try CountedTraffic(rollout, session)
        let host = rollout.rollout.rolloutHost
        let perSecond = rate?.perSecond ?? counted.requestsPerSecond
        guard perSecond > 0, let failing = errorRate?.value ?? counted.errorRate else {
            throw CommandError(
                "no proxy has counted requests of \(counted.plan.stable) of \(HostName.short(host)) yet",
                hint: "say what is to be expected: --rate 100/s --error-rate 0.5%"
            )
        }
        return RolloutForecast(
            counted.plan,
            host: host,
            requestsPerSecond: perSecond,
            errorRate: failing,
            source: source(counted, context.now())
        )
    }

    private func source(_ counted: CountedTraffic, _ now: Int64) -> String {
        let since = counted.since.map { "since \(TimeText.ago($0, now: now))" } ?? ""
        let errors = counted.stableCounts
        let failed =
            errors.errors == 0
            ? "none of \(errors.ended) failed" : "\(errors.errors) of \(errors.ended) failed"
        return errorRate == nil ? "as counted \(since): \(failed)" : "as counted \(since)"
    }
}

extension Node {
    /// JSON has no infinity; whole numbers are written as such.
    static func figure(_ value: Double) -> Node {
        guard value.isFinite else { return Node(.null) }
        return Int64(exactly: value).map { .integer($0) } ?? Node(.number(value))
    }
}
