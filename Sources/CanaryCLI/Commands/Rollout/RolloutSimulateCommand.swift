// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryJudge
import CanaryMesh
import CanaryResources
import CanaryStore

/// Where in an access log the versions are.
struct AccessLogOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "An access log: canaryctl's, Envoy's, nginx's, or JSON; - for standard input",
            valueName: "file"
        ),
        completion: .file()
    )
    var log: String?

    @Option(
        help: ArgumentHelp(
            "What the log has of the new version: its name or an endpoint's address; may be repeated",
            valueName: "value"
        )
    )
    var canary: [String] = []

    @Option(
        help: ArgumentHelp(
            "The same of the stable version; else all others are stable",
            valueName: "value"
        )
    )
    var stable: [String] = []

    @Option(
        help: ArgumentHelp(
            "The field that tells the version: a number in text, a key in JSON, or NAME of NAME=value",
            valueName: "field"
        )
    )
    var versionField: String?

    @Option(
        help: ArgumentHelp(
            "The field that tells the time taken, in ms, or in s with a point",
            valueName: "field"
        )
    )
    var durationField: String?

    @Option(
        help: ArgumentHelp(
            "The new version's share as it was declared; else that of each minute's requests",
            valueName: "percent"
        )
    )
    var weight: PercentageArgument?

    func validate() throws {
        for field in [versionField, durationField] where field.map({ LogField($0) == nil }) ?? false {
            throw ValidationError(
                "\"\(field ?? "")\" is no field\nfields are counted from 1, what is in quotes as one: --version-field 12"
            )
        }
    }
}

/// Tries rules on traffic of the past, or of nowhere.
struct RolloutSimulateCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Tell what the judge, Flagger and Argo would do with some traffic",
        discussion: Help.examples(
            (
                "Made-up traffic, twenty times",
                "canaryctl rollout simulate --rate 100/s --error-rate 0.5% --canary-error-rate 5% --runs 20"
            ),
            (
                "A rollout of this store again, with another alpha",
                "canaryctl rollout simulate helloworld --replay --alpha 0.05"
            ),
            (
                "A log, with the addresses of the store",
                "canaryctl rollout simulate helloworld v2 --log access.log"
            ),
            (
                "nginx's log, whose 12th field is $upstream_addr",
                "canaryctl rollout simulate --log access.log --version-field 12 --canary 10.0.0.7:8080"
            )
        )
    )

    @Argument(help: "The host", completion: .stored(.host))
    var host: String?

    @Argument(help: "The new version", completion: .stored(.version))
    var version: String?

    @Flag(help: "Judge the host's newest rollout once more, by its journal")
    var replay = false

    @OptionGroup(title: "Access log") var logged: AccessLogOptions
    @OptionGroup(title: "Made-up traffic") var madeUp: MadeUpTrafficOptions
    @OptionGroup(title: "Rollout") var rampOptions: RampOptions
    @OptionGroup(title: "Input") var manifests: ManifestOptions
    @OptionGroup(title: "Output") var output: ReportOutputOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func validate() throws {
        let sources = [replay, logged.log != nil, madeUp.rate != nil].count { $0 }
        guard sources == 1 else {
            throw ValidationError(
                "\(sources == 0 ? "no traffic is given" : "more than one traffic is given")\n"
                    + "it is one of --replay, --log FILE and --rate 100/s"
            )
        }
        guard !replay || host != nil else {
            throw ValidationError("--replay needs a host\ncanaryctl rollout simulate HOST --replay")
        }
        guard logged.log == nil || !logged.canary.isEmpty || host != nil && version != nil else {
            throw ValidationError(
                "nothing tells which lines are of the new version\n"
                    + "name it by --canary, or the host and the version for the addresses in the store"
            )
        }
    }

    func run(in context: CommandContext) throws -> ExitStatus {
        let settings = try Settings(global, context)
        let report: SimulationReport
        if replay {
            report = try replayed(settings, context)
        } else if let file = logged.log {
            report = try read(file, settings, context)
        } else {
            report = try makeUp(settings, context)
        }
        context.standardOutput.write(
            output.output == .text ? report.text : ObjectText.text(report.node, as: output.output)
        )
        return .success
    }

    private func plan(_ settings: Settings, _ context: CommandContext) throws -> RolloutPlan {
        guard manifests.files.isEmpty else {
            return try PlannedRollout(manifests, host: host, settings: settings, in: context).plan
        }
        return PlannedRollout(
            [
                "canary": .string(version ?? logged.canary.first ?? "canary"),
                "steps": try rampOptions.stepsNode, "ramp": rampOptions.rampNode,
                "hold": rampOptions.holdNode,
            ],
            alpha: rampOptions.alphaNode,
            namespace: settings.namespace
        ).plan
    }

    // MARK: - Made up

    private func makeUp(_ settings: Settings, _ context: CommandContext) throws -> SimulationReport {
        let plan = try plan(settings, context)
        guard let rate = madeUp.rate else { throw CommandError.silent(.usage) }
        let comparison = madeUp.comparison(plan, at: rate)
        let runs = madeUp.runs == 1 ? "a run" : "\(madeUp.runs) runs"
        var report = SimulationReport(
            head: [
                "\(runs) of made-up traffic, \(Figures.text(rate.perSecond, digits: 3)) requests/s; seed \(madeUp.seed)",
                "the stable version \(Self.text(madeUp.stable)); \(plan.canary) \(Self.text(madeUp.canary))",
            ],
            canary: plan.canary,
            rules: [
                .init(name: "canaryctl", runs: comparison.canaryctl),
                .init(name: "Flagger", runs: comparison.flagger),
                .init(name: "Argo Rollouts", runs: comparison.argo),
            ],
            traffic: .mapping([
                "requestsPerSecond": .figure(rate.perSecond),
                "seed": .integer(Int64(truncatingIfNeeded: madeUp.seed)),
                "errorRate": .figure(madeUp.stable.errorRate),
                "canaryErrorRate": .figure(madeUp.canary.errorRate),
                "latency": madeUp.stable.median.map(Node.figure) ?? Node(.null),
                "canaryLatency": madeUp.canary.median.map(Node.figure) ?? Node(.null),
            ])
        )
        if madeUp.runs > 1 { report.notes.append("times, requests and failures are medians") }
        if madeUp.isHealthy { report.notes.append("\(plan.canary) is no worse: each abort is a false one") }
        return report
    }

    private static func text(_ version: MadeUpTraffic<SplitMix64>.Version) -> String {
        let failing = "fails \(Figures.text(version.errorRate * 100, digits: 3)) %"
        return version.median.map { "\(failing) and takes \(NumberText.duration(milliseconds: $0))" }
            ?? failing
    }

    // MARK: - Of the past

    private func replayed(_ settings: Settings, _ context: CommandContext) throws -> SimulationReport {
        let session = ClusterSession(settings: settings, context: context)
        let rollout = try session.rollout(of: host ?? "")
        let rules = manifests.files.isEmpty ? nil : try plan(settings, context).rules
        let found = JournalReplay(rollout.entries) { plan in
            if let rules { plan.rules = rules }
            if let alpha = rampOptions.alpha { plan.rules.alpha = alpha }
        }
        guard let found else {
            throw CommandError(
                "\(HostName.short(rollout.record.host)) has a rollout that nobody has walked yet",
                hint: "canaryctl rollout run is the controller"
            )
        }
        return SimulationReport(found, of: rollout)
    }

    private func read(_ file: String, _ settings: Settings, _ context: CommandContext) throws
        -> SimulationReport
    {
        let plan = try plan(settings, context)
        let reader = AccessLogReader(
            try versions(settings, context),
            versionField: logged.versionField.flatMap { LogField($0) },
            durationField: logged.durationField.flatMap { LogField($0) },
            errors: plan.rules.errorStatuses
        )
        let share = logged.weight.map { Share($0.percentage) }
        var replay = LogReplay(file, reader: reader, share: share, rules: plan.rules, canary: plan.canary)
        try replay.run(in: context)
        replay.tellFaults(in: context)
        guard replay.reader.requests > 0 else { throw Self.nothing(in: replay) }
        if replay.traffic.totals.canary.assigned == 0 {
            context.warn(["no line of \(replay.name) is of \(plan.canary)"])
        }
        return SimulationReport(replay, canary: plan.canary, share: share)
    }

    private static func nothing(in replay: LogReplay) -> CommandError {
        let hasNoVersion = replay.reader.faults.contains { $0.fault == .noVersion }
        return CommandError(
            "no line of \(replay.name) tells of a request and its version",
            hint: hasNoVersion
                ? "--version-field says where the version or the endpoint's address is: a field's number, or a key"
                : "--canary and --stable are compared with whole values, addresses with or without port"
        )
    }

    /// What was given, and the addresses of the version's endpoints in the store.
    private func versions(_ settings: Settings, _ context: CommandContext) throws -> LogVersions {
        guard let host, let version else { return LogVersions(canary: logged.canary, stable: logged.stable) }
        let session = ClusterSession(settings: settings, context: context)
        let addresses = try session.read { view in
            let name = try view.host(named: host, namespace: settings.namespace)
            let snapshot = try view.closure(of: [name])
            let hostView = HostView(name, namespace: settings.namespace, in: snapshot)
            let labels = hostView.destination(version).labels
            let endpoints = (hostView.service?.ports ?? []).flatMap { port in
                labels.map { hostView.endpoints($0, at: port) } ?? []
            }
            return endpoints.map(\.address.description)
        }
        return LogVersions(canary: [version] + logged.canary + Set(addresses).sorted(), stable: logged.stable)
    }
}
