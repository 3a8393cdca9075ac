// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryInsight
import CanaryProxy
import CanaryResources

/// Runs the data plane.
struct ProxyCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "proxy",
        abstract: "Send the traffic as the store says",
        discussion: Help.examples(
            ("In the background; returns once it accepts requests", "canaryctl proxy --detach"),
            ("A new version in the place of the one that runs", "canaryctl proxy --detach --take-over"),
            ("In the foreground, on a port of your choice", "canaryctl proxy --listen 127.0.0.1:8080"),
            ("A request to a host", "curl -H 'Host: helloworld' http://127.0.0.1:15001/")
        )
    )

    @OptionGroup(title: "Output") var output: ReportOutputOptions
    @Option(
        help: ArgumentHelp(
            "Take everything over from the running proxy, without refusing or dropping a connection; \"any\" where no process id is given",
            valueName: "pid"
        )
    )
    var takeOver: TakeOverSource?

    @OptionGroup var service: ServiceOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func validate() throws {
        guard output.output == .text || service.detach || service.readyDescriptor != nil else {
            throw ValidationError(
                "--output goes with --detach: only then a result is printed\nadd --detach, or leave it out"
            )
        }
    }

    func run(in context: CommandContext) throws -> ExitStatus {
        try service.run(
            Settings(global, context),
            context,
            form: output.output,
            takingOver: takeOver
        )
    }
}

/// Where the proxy listens.
struct ListeningOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Where requests come in; port 0 takes a free one; may be repeated",
            valueName: "addr:port"
        )
    )
    var listen: [String] = ["127.0.0.1:15001"]

    @Option(help: ArgumentHelp("Where the admin pages are", valueName: "addr:port"))
    var admin = "127.0.0.1:15000"

    @Option(help: ArgumentHelp("The address of listeners that Gateways and Services open", valueName: "addr"))
    var bind = "127.0.0.1"

    func validate() throws {
        for address in listen + [admin] where Self.address(address) == nil {
            throw ValidationError(
                "\"\(address)\" is no address and port\nwrite an IP address and a port: 127.0.0.1:15001, [::1]:15001, 0.0.0.0:80"
            )
        }
        guard HostPort(bind)?.port == nil, HostPort(bind) != nil else {
            throw ValidationError(
                "\"\(bind)\" is no IP address\nwrite 127.0.0.1, or 0.0.0.0 for all addresses of this machine"
            )
        }
    }

    func apply(to configuration: inout ProxyConfiguration) {
        configuration.listen = listen
        configuration.admin = admin
        configuration.bindAddress = bind
    }

    /// What Envoy is told of them.
    var envoyAddresses: EnvoyConfiguration.Addresses {
        EnvoyConfiguration.Addresses(
            mesh: listen.compactMap(Self.address),
            bind: HostPort(bind)?.ip ?? bind,
            admin: Self.address(admin) ?? EnvoyConfiguration.Address(host: "127.0.0.1", port: 0)
        )
    }

    /// Port 0 is allowed here: the system chooses.
    private static func address(_ text: String) -> EnvoyConfiguration.Address? {
        if let address = HostPort(text), let port = address.port {
            return .init(host: address.ip, port: port)
        }
        guard text.hasSuffix(":0"), let address = HostPort(String(text.dropLast(2))), address.port == nil
        else {
            return nil
        }
        return .init(host: address.ip, port: 0)
    }
}

/// `k=v,k=v` on the command line.
enum LabelArgument {
    static func parse(_ text: String) throws -> [String: String] {
        var labels: [String: String] = [:]
        for term in text.split(separator: ",") {
            let parts = term.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty else {
                throw CommandError.wrongUsage("\"\(term)\" is no label", hint: "for example: version=v2")
            }
            labels[String(parts[0])] = String(parts[1])
        }
        return labels
    }
}
