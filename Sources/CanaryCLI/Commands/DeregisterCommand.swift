// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryResources

/// Removes an endpoint.
struct DeregisterCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "deregister",
        abstract: "Remove an endpoint from a Service",
        discussion: Help.examples(
            ("The counterpart of register", "canaryctl deregister helloworld 127.0.0.1:9082")
        )
    )

    @Argument(help: "The Service", completion: .stored(.service))
    var service: String

    @Argument(
        help: ArgumentHelp(
            "As it was registered; without a port, all endpoints at the address",
            valueName: "address[:port]"
        ),
        completion: .stored(.endpoint)
    )
    var address: String

    @Flag(help: "A missing endpoint is no error")
    var ignoreNotFound = false

    @OptionGroup(title: "Change") var change: ChangeOptions
    @OptionGroup(title: "Output") var output: ChangeOutputOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(in context: CommandContext) throws -> ExitStatus {
        let settings = try Settings(global, context)
        let endpoint = try HostPort.argument(address)
        let session = ClusterSession(settings: settings, context: context)
        var warnings: [String] = []
        let result = try session.change(change, verb: "deregister") { change in
            let target = try RegisterCommand.service(named: service, settings, in: change)
            let entries = try Self.entries(of: target, at: endpoint, in: change)
            guard !entries.isEmpty || ignoreNotFound else {
                throw CommandError(
                    "cannot deregister \(address): service \"\(target.name)\" has no such endpoint",
                    hint: "canaryctl get workloadentries -n \(target.namespace) lists them"
                )
            }
            for entry in entries { try change.delete(entry.key) }
            warnings = try UnservedShares.warnings(
                of: change,
                client: settings.namespace,
                failing: session.failingAddresses
            )
        }
        context.warn(warnings)
        ChangeReport(options: change, output: output.output, context: context).print(result)
        return try ProxyWait(options: change, session: session).wait(for: result)
    }

    private static func entries(
        of service: Resource,
        at address: HostPort,
        in change: ClusterChange
    ) throws -> [Resource] {
        try entries(of: service, in: change).filter {
            guard let entry = $0.workloadEntry else { return false }
            return entry.address == address.ip && (address.port.map(Set(entry.ports.values).contains) ?? true)
        }
    }

    /// The WorkloadEntries that a Service selects.
    static func entries(of service: Resource, in source: some ResourceSource) throws -> [Resource] {
        let selector = service.service?.selector ?? [:]
        guard let first = selector.min(by: { $0.key < $1.key }) else { return [] }
        return try source.resources(with: .label(first.key, first.value, namespace: service.namespace))
            .filter { $0.workloadEntry?.labels.contains(all: selector) ?? false }
    }
}
