// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryResources
import CanaryRules

/// Adds an endpoint that something else runs.
struct RegisterCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "register",
        abstract: "Add an endpoint to a Service",
        discussion: Help.examples(
            (
                "A process of version v2 on this machine",
                "canaryctl register helloworld 127.0.0.1:9082 -l version=v2"
            ),
            (
                "And have proxies check the Service's endpoints",
                "canaryctl register helloworld 127.0.0.1:9082 -l version=v2 --health-check http:/healthz"
            )
        )
    )

    @Argument(help: "The Service", completion: .stored(.service))
    var service: String

    @Argument(
        help: ArgumentHelp(
            "Where it listens: an IP address, and the port unless the Service tells it",
            valueName: "address[:port]"
        )
    )
    var address: String

    @Option(
        name: .selector,
        help: ArgumentHelp(
            "Labels besides the Service's selector; may be repeated or joined with commas",
            valueName: "key=value"
        )
    )
    var labels: [String] = []

    @OptionGroup(title: "Health checks, of all endpoints of the Service") var checks: HealthCheckOptions
    @OptionGroup(title: "Change") var change: ChangeOptions
    @OptionGroup(title: "Output") var output: ChangeOutputOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(in context: CommandContext) throws -> ExitStatus {
        let settings = try Settings(global, context)
        let endpoint = try HostPort.argument(address)
        let labels = try labels.flatMap { $0.split(separator: ",") }.map(Self.label)
        let session = ClusterSession(settings: settings, context: context)
        var warnings: [String] = []
        let result = try session.change(change, verb: "register") { change in
            let target = try Self.service(named: service, settings, in: change)
            let entry = try Self.entry(target, endpoint, Dictionary(labels) { _, last in last })
            let findings = RuleCatalog.checkObject(entry)
            if let problem = findings.first(where: { $0.severity == .error }) {
                throw CommandError(
                    "cannot register \(address): \(problem.message)",
                    hint: problem.hint,
                    status: .usage
                )
            }
            try Self.requireSame(entry, in: change)
            try change.apply(entry)
            if let checked = try checks.applied(to: target) { try change.edit(checked) }
            warnings =
                try UnservedShares.warnings(
                    of: change,
                    client: settings.namespace,
                    failing: session.failingAddresses
                )
                + UnusedEndpoint.warnings(of: entry, for: target, client: settings.namespace, in: change)
        }
        context.warn(warnings)
        ChangeReport(options: change, output: output.output, context: context).print(result)
        return try ProxyWait(options: change, session: session).wait(for: result)
    }

    static func service(named name: String, _ settings: Settings, in change: ClusterChange) throws
        -> Resource
    {
        guard !name.isEmpty else {
            throw CommandError.wrongUsage(
                "no Service given: the argument is empty",
                hint: "canaryctl get services -A lists what there is"
            )
        }
        let host = HostName.fromUser(name, namespace: settings.namespace)
        let labels = host.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        let (name, namespace) =
            HostName.service(of: host)
            ?? (labels.count == 2 ? (labels[0], labels[1]) : (name, settings.namespace))
        let key = ResourceKey(.service, namespace: namespace, name: name)
        guard let service = try change.resource(key) else { throw try unknown(key, in: change) }
        return service
    }

    private static func unknown(_ key: ResourceKey, in change: ClusterChange) throws -> CommandError {
        var error = CommandError.notFound(key)
        let known = try change.resources(of: .service, namespace: key.namespace).map(\.name)
        if let name = Suggestion.closest(to: key.name, among: known) {
            error.hint = "did you mean \"\(name)\"?"
        }
        return error
    }

    private static func entry(
        _ service: Resource,
        _ address: HostPort,
        _ labels: [String: String]
    ) throws -> Resource {
        do {
            return try EndpointRegistration.workloadEntry(service: service, address: address, labels: labels)
        } catch .serviceWithoutSelector {
            throw CommandError(
                "cannot register an endpoint of service \"\(service.name)\": it has no selector",
                hint: "give it one, or write an Endpoints object named \"\(service.name)\""
            )
        } catch .labelOfSelector(let key, let value) {
            throw CommandError.wrongUsage(
                "cannot register an endpoint: service \"\(service.name)\" selects \(key)=\(value)",
                hint: "leave the label \(key) out: the selector's labels are added"
            )
        } catch .portNeeded(let target) {
            throw CommandError.wrongUsage(
                "cannot tell the port: service \"\(service.name)\" names its target port \"\(target)\"",
                hint: "canaryctl register \(service.name) \(address.ip):PORT"
            )
        }
    }

    /// Refuses to write over an object that is not the same endpoint.
    private static func requireSame(_ entry: Resource, in change: ClusterChange) throws {
        guard let existing = try change.resource(entry.key), !EndpointRegistration.isSame(existing, as: entry)
        else {
            return
        }
        throw CommandError(
            "cannot register the endpoint: \(entry.key) is another one",
            hint: "apply a WorkloadEntry of another name"
        )
    }

    private static func label(_ text: Substring) throws -> (String, String) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty else {
            throw CommandError.wrongUsage("\"\(text)\" is no label", hint: "for example: -l version=v2")
        }
        return (String(parts[0]), String(parts[1]))
    }
}

extension HostPort {
    static func argument(_ text: String) throws -> HostPort {
        guard let address = HostPort(text) else {
            throw CommandError.wrongUsage(
                "\"\(text)\" is no IP address, alone or with a port of 1 to 65535",
                hint: "for example: 127.0.0.1:9081, 127.0.0.1 or [::1]:9081"
            )
        }
        if let (host, port) = readAsHostAndPort(text) {
            throw CommandError.wrongUsage(
                "\"\(text)\" may be the address \(host) with the port \(port), or an address without port",
                hint: "write [\(host)]:\(port) or [\(text)]"
            )
        }
        return address
    }

    /// What an IPv6 address without brackets is taken for by whoever forgot them.
    private static func readAsHostAndPort(_ text: String) -> (host: Substring, port: Substring)? {
        guard let colon = text.lastIndex(of: ":"), !text.hasPrefix("[") else { return nil }
        let (host, port) = (text[..<colon], text[text.index(after: colon)...])
        guard host.contains(":"), HostPort("[\(host)]:\(port)") != nil else { return nil }
        return (host, port)
    }
}
