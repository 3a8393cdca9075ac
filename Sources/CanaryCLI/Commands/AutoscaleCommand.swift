// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryResources

/// Makes autoscalers of Deployments.
struct AutoscaleCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "autoscale",
        abstract: "Make an autoscaler of a Deployment",
        discussion: Help.examples(
            (
                "So that half of the CPU that pods request is used",
                "canaryctl autoscale deployment helloworld-v1 --cpu=50% --min=1 --max=10"
            ),
            (
                "By amounts for each pod",
                "canaryctl autoscale deployment/helloworld-v1 --cpu=500m --memory=200Mi --max=10"
            )
        )
    )

    @OptionGroup var deployments: DeploymentArguments

    @Option(help: ArgumentHelp("The fewest replicas; 1 where nothing is said", valueName: "count"))
    var min: Int?

    @Option(help: ArgumentHelp("The most replicas", valueName: "count"))
    var max: Int

    @Option(
        help: ArgumentHelp(
            "The use of CPU that is wanted: 50% of what pods request, or 500m for each",
            valueName: "target"
        )
    )
    var cpu: String?

    @Option(help: ArgumentHelp("The same as --cpu with %", valueName: "percent"))
    var cpuPercent: Int?

    @Option(
        help: ArgumentHelp(
            "The use of memory that is wanted: 70% of what pods request, or 200Mi for each",
            valueName: "target"
        )
    )
    var memory: String?

    @Option(help: ArgumentHelp("The autoscaler's name; else that of the Deployment", valueName: "name"))
    var name: String?

    @OptionGroup(title: "Change") var change: ChangeOptions
    @OptionGroup(title: "Output") var output: ChangeOutputOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func validate() throws {
        guard max >= 1 else {
            throw ValidationError("--max \(max) is too small\nan autoscaler keeps at least one: --max 10")
        }
        guard (min ?? 1) >= 1 else {
            throw ValidationError(
                "--min \(min ?? 1) is too small\nan autoscaler keeps at least one: leave it out, or --min 1"
            )
        }
        guard (min ?? 1) <= max else {
            throw ValidationError(
                "--max \(max) is less than --min \(min ?? 1)\nthe bounds are: --min FEWEST --max MOST"
            )
        }
        guard (cpuPercent ?? 1) >= 1 else {
            throw ValidationError(
                "--cpu-percent \(cpuPercent ?? 0) is too small\na share of what pods request: --cpu-percent=50"
            )
        }
        guard cpu == nil || cpuPercent == nil else {
            throw ValidationError(
                "--cpu and --cpu-percent say the same\nleave one of them out: --cpu=\(cpuPercent ?? 50)%"
            )
        }
    }

    func run(in context: CommandContext) throws -> ExitStatus {
        let settings = try Settings(global, context)
        let keys = try deployments.keys(settings, for: "autoscale")
        guard name == nil || keys.count == 1 else {
            throw CommandError.wrongUsage(
                "--name names one autoscaler, and \(keys.count) Deployments are given",
                hint: "leave out --name: each autoscaler has its Deployment's name"
            )
        }
        let metrics = try metrics
        let session = ClusterSession(settings: settings, context: context)
        var warnings: [String] = []
        let result = try session.change(change, verb: "autoscale") { change in
            let others = try keys.flatMap { key in
                try change.autoscalers(of: change.deployment(key).key)
            }
            for key in keys { try make(for: key, metrics, in: change) }
            warnings = others.map { "\($0.key.qualifiedName) sets the same replicas: delete one of both" }
            if comparesProcessors {
                warnings += try keys.map { try change.deployment($0) }.filter(Self.lacksRequests).map {
                    "\($0.key.qualifiedName) will not be scaled: not all of its containers have resources.requests.cpu, of which the target is a share"
                }
            }
        }
        context.warn(warnings)
        ChangeReport(options: change, output: output.output, done: "autoscaled", context: context)
            .print(result)
        return try ProxyWait(options: change, session: session).wait(for: result)
    }

    /// Whether the target is a share of the processors that pods request, as it is where none is given.
    private var comparesProcessors: Bool {
        cpuPercent != nil || (cpu.map { $0.hasSuffix("%") } ?? (memory == nil))
    }

    private static func lacksRequests(_ deployment: Resource) -> Bool {
        let containers = deployment.body["spec"]?["template"]?["spec"]?["containers"]?.items ?? []
        return containers.contains {
            $0["resources"]?["requests"]?["cpu"] == nil && $0["resources"]?["limits"]?["cpu"] == nil
        }
    }

    private func make(for deployment: ResourceKey, _ metrics: [Node], in change: ClusterChange) throws {
        let key = ResourceKey(
            .horizontalPodAutoscaler,
            namespace: deployment.namespace,
            name: name ?? deployment.name
        )
        guard try change.resource(key) == nil else { throw CommandError.exists([key]) }
        var spec = Node.mapping([
            "scaleTargetRef": .mapping([
                "apiVersion": .string("apps/v1"), "kind": .string("Deployment"),
                "name": .string(deployment.name),
            ]),
            "maxReplicas": .integer(Int64(max)),
        ])
        if let min { spec.set(.integer(Int64(min)), at: "minReplicas") }
        if !metrics.isEmpty { spec.set(.sequence(metrics), at: "metrics") }
        let body = Node.mapping([
            "apiVersion": .string("autoscaling/v2"), "kind": .string("HorizontalPodAutoscaler"),
            "metadata": .mapping(["name": .string(key.name), "namespace": .string(key.namespace)]),
            "spec": spec,
        ])
        try change.edit(Resource(key: key, body: body))
    }

    private var metrics: [Node] {
        get throws {
            let cpu = cpu ?? cpuPercent.map { "\($0)%" }
            return [
                try cpu.map {
                    try UsageTarget($0, option: cpuPercent == nil ? "--cpu" : "--cpu-percent", unit: "m")
                        .metric("cpu")
                },
                try memory.map { try UsageTarget($0, option: "--memory", unit: "Mi").metric("memory") },
            ].compactMap(\.self)
        }
    }
}

/// How much of a resource pods shall use: a part of what they request, or an amount for each.
private enum UsageTarget {
    case utilization(Int32)
    case amount(String)

    /// - Parameter unit: that of a bare number, as for kubectl.
    init(_ text: String, option: String, unit: String) throws {
        if text.hasSuffix("%"), let percent = Int32(text.dropLast()), percent > 0 {
            self = .utilization(percent)
        } else if let quantity = Quantity(text), quantity.value > 0 {
            self = .amount(text.allSatisfy(\.isNumber) ? text + unit : text)
        } else {
            throw CommandError.wrongUsage(
                "\(option) \"\(text)\" is neither a percentage nor an amount",
                hint: "\(option)=50% of what pods request, or \(option)=200\(unit) for each"
            )
        }
    }

    func metric(_ resource: String) -> Node {
        let target: Node =
            switch self {
            case .utilization(let percent):
                .mapping(["type": .string("Utilization"), "averageUtilization": .integer(Int64(percent))])
            case .amount(let amount):
                .mapping(["type": .string("AverageValue"), "averageValue": .string(amount)])
            }
        return .mapping([
            "type": .string("Resource"), "resource": .mapping(["name": .string(resource), "target": target]),
        ])
    }
}
