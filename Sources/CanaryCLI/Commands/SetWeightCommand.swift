// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryInsight
import CanaryMesh
import CanaryResources

/// Moves traffic between the versions of a host.
struct SetWeightCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "set-weight",
        abstract: "Move traffic between the versions of a host",
        usage: """
            canaryctl set-weight <host> <version> <share> [<options>]
            canaryctl set-weight <host> <version>=<share> ... [<options>]
            """,
        discussion: Help.examples(
            ("Send a tenth of the requests to v2", "canaryctl set-weight helloworld v2 10"),
            ("Say all shares at once", "canaryctl set-weight helloworld v1=60 v2=39.5 v3=0.5"),
            ("In a route of your choice", "canaryctl set-weight helloworld v2 50 --route internal-users")
        )
    )

    @Argument(help: "The host", completion: .stored(.host))
    var host: String

    @Argument(
        help: ArgumentHelp(
            "A version and its share in percent, or VERSION=SHARE for each version",
            valueName: "version share"
        ),
        completion: .stored(.version)
    )
    var shares: [String]

    @Option(
        help: ArgumentHelp(
            "The route, by name or index; else the one that takes every request",
            valueName: "route"
        ),
        completion: .stored(.route)
    )
    var route: String?

    @OptionGroup(title: "Change") var change: ChangeOptions
    @OptionGroup(title: "Output") var output: WeightOutputOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(in context: CommandContext) throws -> ExitStatus {
        let settings = try Settings(global, context)
        let request = try WeightRequest(arguments: shares)
        let session = ClusterSession(settings: settings, context: context)
        var move: WeightChange?
        let result = try session.change(change, verb: "set-weight") { change in
            let host = try change.view.host(named: self.host, namespace: settings.namespace)
            try change.view.requireReadableRouting(of: host)
            let plan = try plan(request, host, settings, in: change)
            if !plan.isUnchanged || plan.isNew {
                try change.edit(Resource(key: plan.key, body: plan.body))
                let place = route.map { " in route \(plan.routeName.isEmpty ? $0 : plan.routeName)" } ?? ""
                change.summarize(plan.key, plan.summary(of: request) + place)
            }
            let report = try Self.route(host, plan, session, in: change)
            move = WeightChange(
                host: host,
                plan: plan,
                route: report,
                warnings: try Self.warnings(host, report, in: change)
            )
        }
        guard let move else { return .success }
        print(move, result, context)
        return try ProxyWait(options: change, session: session).wait(for: result)
    }

    private func plan(
        _ request: WeightRequest,
        _ host: String,
        _ settings: Settings,
        in change: ClusterChange
    ) throws -> WeightPlan {
        let planner = WeightPlanner(try change.closure(of: [host]), host: host, namespace: settings.namespace)
        do {
            let plan = try planner.plan(request, route: route)
            return plan.isNew ? try Self.taken(plan, in: change) : plan
        } catch WeightPlanError.unknownHost {
            throw try change.view.unknownHost(host, settings)
        } catch let error as WeightPlanError {
            throw CommandError(error, host, settings)
        }
    }

    /// The plan for a new VirtualService, under a name that no object about something else has.
    private static func taken(_ plan: WeightPlan, in change: ClusterChange) throws -> WeightPlan {
        for name in plan.names {
            let named = plan.named(name)
            if try change.resource(named.key) == nil { return named }
        }
        throw CommandError(
            "cannot make a VirtualService: \(plan.key.qualifiedName) and all names like it are taken",
            hint: "write a VirtualService under a name of its own, and apply it"
        )
    }

    private static func warnings(
        _ host: String,
        _ route: TrafficReport.Route?,
        in change: ClusterChange
    ) throws -> [String] {
        let others = try change.changes.reduce(into: Set<String>()) { $0.formUnion(try change.hosts(of: $1)) }
            .subtracting([host])
        return others.sorted().map { "this also changes \(HostName.short($0))" } + unserved(route)
    }

    /// Shares of the changed route that nobody can serve.
    private static func unserved(_ route: TrafficReport.Route?) -> [String] {
        route.flatMap { UnservedShares.sentence($0) }.map { [$0] } ?? []
    }

    /// The changed route as `describe` reports it.
    private static func route(
        _ host: String,
        _ plan: WeightPlan,
        _ session: ClusterSession,
        in change: ClusterChange
    ) throws -> TrafficReport.Route? {
        let namespace = session.settings.namespace
        var snapshot = try change.closure(of: [host])
        snapshot.failingAddresses = session.failingAddresses
        let routes = snapshot.routes(of: host, namespace: namespace)
        return routes.first { $0.number == plan.routeIndex }.flatMap {
            TrafficReporter(snapshot: snapshot, namespace: namespace).route($0, host)
        }
    }

    private func print(_ move: WeightChange, _ result: ChangeResult, _ context: CommandContext) {
        let stream = context.standardOutput
        let plan = move.plan
        context.warn(move.warnings)
        switch output.output {
        case .json: stream.write(ObjectText.text(move.node(result.revision), as: .json))
        case .yaml: stream.write(ObjectText.text(move.node(result.revision), as: .yaml))
        case .name: stream.writeLine(plan.key.qualifiedName)
        case .text:
            let outcome = result.changes.first?.outcome ?? .unchanged
            stream.writeLine("\(plan.key.qualifiedName) \(outcome.rawValue)\(change.suffix)")
            if !plan.isUnchanged { stream.write(plan.table) }
            ChangeReport(options: change, context: context).printRevision(result)
        }
    }
}

extension WeightRequest {
    /// `v2 10`, or `v1=90 v2=10`.
    init(arguments: [String]) throws {
        if arguments.contains(where: { $0.contains("=") }) {
            self = .all(try Self.assignments(arguments))
        } else {
            guard arguments.count == 2 else {
                throw CommandError.wrongUsage(
                    "a version and its share are needed: \"\(arguments.joined(separator: " "))\" is not that",
                    hint: "canaryctl set-weight helloworld v2 10, or v1=90 v2=10"
                )
            }
            self = .one(arguments[0], try Self.share(arguments[1]))
        }
    }

    private static func assignments(_ arguments: [String]) throws -> [String: Percentage] {
        var shares: [String: Percentage] = [:]
        for argument in arguments {
            let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
                String.init
            )
            guard parts.count == 2, !parts[0].isEmpty else {
                throw CommandError.wrongUsage(
                    "\"\(argument)\" is no VERSION=SHARE, but another argument is one",
                    hint: "name each version with its share: canaryctl set-weight HOST V1=W1 V2=W2"
                )
            }
            guard shares.updateValue(try share(parts[1]), forKey: parts[0]) == nil else {
                throw CommandError.wrongUsage(
                    "version \"\(parts[0])\" is given twice",
                    hint: "name each version once: canaryctl set-weight HOST V1=W1 V2=W2"
                )
            }
        }
        return shares
    }

    private static func share(_ text: String) throws -> Percentage {
        guard let share = Percentage(text) else {
            throw CommandError.wrongUsage(
                "\"\(text)\" is no percentage",
                hint: "from 0 to 100, with up to four decimals: 10, 0.5, 33.3333%"
            )
        }
        return share
    }
}

extension CommandError {
    init(_ error: WeightPlanError, _ fullName: String, _ settings: Settings) {
        let host = HostName.short(fullName)
        let named = settings.inCommands(fullName)
        switch error {
        case .unknownHost: self = .unknownHost(fullName, among: [], settings)
        case .unknownVersion(let version, let known):
            self.init(
                "\(host) has no version \"\(version)\"",
                hint: known.isEmpty
                    ? "no version is known: no subset and no label \"version\""
                    : "the versions are: \(known.joined(separator: ", "))"
            )
        case .repeatedVersion(let version):
            self = .wrongUsage(
                "\"\(version)\" and another version of the command line are the same destination",
                hint: "name it once"
            )
        case .onlyDestination(let version):
            self.init(
                "\"\(version)\" is the route's only destination and takes everything",
                hint: "give another version a share first, or 100 to this one"
            )
        case .wrongSum(let millionths):
            self = .wrongUsage(
                "the shares sum to \(NumberText.percent(Double(millionths) / 1_000_000)), not to 100 %",
                hint:
                    "versions that are not named get 0; canaryctl set-weight \(named) VERSION SHARE moves one alone"
            )
        case .unknownRoute(let route, let known):
            self.init(
                "\(host) has no route \"\(route)\"",
                hint: known.isEmpty ? nil : "the routes are: \(known.joined(separator: ", "))"
            )
        case .ambiguousRoute(let route, let numbers):
            self.init(
                "\(host) has several routes named \"\(route)\"",
                hint: "name one by its number: \(Self.choices(numbers.map(String.init)))"
            )
        case .noCatchAll(let known):
            self.init(
                "no route of \(host) takes every request",
                hint: known.isEmpty ? "its VirtualService has no routes" : "name one: \(Self.choices(known))"
            )
        case .notForwarding(let route):
            self.init(
                "route \"\(route)\" of \(host) redirects or answers by itself: it has no weights",
                hint: "name another with --route: canaryctl describe \(named) shows them"
            )
        case .wholeHost(let name):
            self.init(
                "the route sends to all versions of \(name) alike",
                hint: "name all shares at once: canaryctl set-weight \(named) V1=W1 V2=W2"
            )
        }
    }
    /// `--route 0, 1 or beta`
    private static func choices(_ routes: [String]) -> String {
        let all = [routes.dropLast().joined(separator: ", "), routes.last ?? ""].filter { !$0.isEmpty }
        return "--route \(all.joined(separator: " or "))"
    }
}
