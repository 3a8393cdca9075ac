// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryProxy

/// Runs the whole of a store on this machine.
struct UpCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "Run the Deployments of the store, the proxy before them, and the rollouts",
        discussion: Help.examples(
            ("Apply manifests and run them, until Ctrl-C", "canaryctl up -f examples/helloworld/"),
            ("In the background; canaryctl down ends it", "canaryctl up --detach"),
            ("What one of its pods wrote", "canaryctl logs -f deployment/helloworld-v1")
        )
    )

    @Flag(help: "Run in the background; log to proxy.log in the store directory")
    var detach = false

    @Option(help: ArgumentHelp("How often autoscalers look at their Deployments", valueName: "time"))
    var hpaSyncPeriod = TimeSpan(.seconds(15))

    @OptionGroup(title: "Input") var input: ManifestOptions
    @OptionGroup(title: "Listening") var listening: ListeningOptions
    @OptionGroup(title: "Serving") var serving: ServingOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    /// Where a detached node says that it is ready. Its manifests were applied already.
    @Option(help: .hidden)
    var readyDescriptor: Int32?

    func validate() throws {
        try listening.validate()
        try serving.validate()
        guard (.milliseconds(100)...(.seconds(3600))).contains(hpaSyncPeriod.duration) else {
            throw ValidationError(
                "--hpa-sync-period must be within 100ms and 1h\nfor example: --hpa-sync-period 15s"
            )
        }
    }

    func run(in context: CommandContext) throws -> ExitStatus {
        if readyDescriptor == nil, !input.files.isEmpty {
            let status = try apply(in: context)
            guard status == .success else { return status }
        }
        let settings = try Settings(global, context)
        if detach {
            let arguments = context.arguments.filter { $0 != "--detach" }
            return try DetachedProxy(settings: settings, context: context, form: .text).start(arguments)
        }
        var configuration = ProxyConfiguration()
        listening.apply(to: &configuration)
        try serving.apply(to: &configuration)
        return try ProxyService(
            settings: settings,
            context: context,
            configuration: configuration,
            sourceLabels: try serving.sourceLabels.map { try LabelArgument.parse($0) } ?? [:],
            readyDescriptor: readyDescriptor,
            companion: NodeService(
                settings,
                context,
                autoscalerPeriod: hpaSyncPeriod.duration,
                showsLogs: readyDescriptor == nil
            )
        ).run()
    }

    private func apply(in context: CommandContext) throws -> ExitStatus {
        var command = try ApplyCommand.parse([])
        command.options.input = input
        command.global = global
        let status = try command.run(in: context)
        context.standardOutput.flush()
        context.standardError.flush()
        return status
    }
}
