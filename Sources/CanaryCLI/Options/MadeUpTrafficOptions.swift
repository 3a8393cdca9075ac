// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryJudge
import CanaryResources

/// Traffic that never was.
struct MadeUpTrafficOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Make up so many requests: 100/s, 6000/m", valueName: "rate"))
    var rate: RequestRate?

    @Option(
        help: ArgumentHelp("The part of its requests that the stable version fails", valueName: "percent")
    )
    var errorRate: PercentageArgument?

    @Option(
        help: ArgumentHelp(
            "The part that the new version fails; else as the stable one",
            valueName: "percent"
        )
    )
    var canaryErrorRate: PercentageArgument?

    @Option(
        help: ArgumentHelp("The stable version's median latency; else nobody measures it", valueName: "time")
    )
    var latency: TimeSpan?

    @Option(help: ArgumentHelp("The new version's median latency; else the stable one's", valueName: "time"))
    var canaryLatency: TimeSpan?

    @Option(help: ArgumentHelp("The runs, each with random numbers of its own", valueName: "count"))
    var runs = 1

    @Option(help: ArgumentHelp("Where the random numbers begin", valueName: "number"))
    var seed: UInt64 = 1

    @Option(help: ArgumentHelp("How long a run lasts at most", valueName: "time"))
    var duration = TimeSpan(.seconds(2 * 3600))

    func validate() throws {
        guard (1...10_000).contains(runs) else {
            throw ValidationError("--runs must be from 1 to 10000\n20 tell much already")
        }
        guard canaryLatency == nil || latency != nil else {
            throw ValidationError("--canary-latency goes with --latency\nboth are medians: --latency 20ms")
        }
        guard duration.duration >= .seconds(1), duration.duration <= .seconds(86_400 * 30) else {
            throw ValidationError("--duration must be from 1s to 720h\n2h is the default")
        }
    }

    /// The new version is as good as the stable one where nothing else is said.
    var isHealthy: Bool {
        (canary.errorRate, canary.median ?? 0) <= (stable.errorRate, stable.median ?? 0)
            && (canary.median ?? 0) <= (stable.median ?? 0)
    }

    var stable: MadeUpTraffic<SplitMix64>.Version {
        .init(errorRate: errorRate?.value ?? 0, median: latency.map(Self.milliseconds))
    }

    var canary: MadeUpTraffic<SplitMix64>.Version {
        .init(
            errorRate: (canaryErrorRate ?? errorRate)?.value ?? 0,
            median: (canaryLatency ?? latency).map(Self.milliseconds)
        )
    }

    func comparison(_ plan: RolloutPlan, at rate: RequestRate) -> RulesComparison {
        var plan = plan
        // Without durations there is no evidence to wait for.
        if latency == nil { plan.rules.quantiles = [] }
        return RulesComparison(
            plan,
            on: MadeUpTraffic(
                requestsPerSecond: rate.perSecond,
                stable: stable,
                canary: canary,
                random: SplitMix64(seed: 0)
            ),
            runs: runs,
            seed: seed,
            atMost: Int(clamping: duration.duration.components.seconds)
        )
    }

    private static func milliseconds(_ span: TimeSpan) -> Double {
        let (seconds, attoseconds) = span.duration.components
        return Double(seconds) * 1000 + Double(attoseconds) / 1e15
    }
}
