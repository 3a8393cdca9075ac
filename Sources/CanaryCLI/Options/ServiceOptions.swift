// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryProxy

/// What commands take that run a proxy until they are ended, in the foreground or not.
struct ServiceOptions: ParsableArguments {
    @Flag(help: "Run in the background; log to proxy.log in the store directory")
    var detach = false

    @OptionGroup(title: "Listening") var listening: ListeningOptions
    @OptionGroup(title: "Serving") var serving: ServingOptions

    /// Where one in the background says that it is ready.
    @Option(help: .hidden)
    var readyDescriptor: Int32?

    /// - Parameters:
    ///   - form: how the start in the background is told.
    ///   - takeOver: the proxy in whose place it begins to serve.
    ///   - companion: what runs in the proxy's process beside it.
    func run(
        _ settings: Settings,
        _ context: CommandContext,
        form: ReportFormat = .text,
        takingOver takeOver: TakeOverSource? = nil,
        companion: (() throws -> any ProxyCompanion)? = nil
    ) throws -> ExitStatus {
        if detach {
            return try DetachedProxy(
                settings: settings,
                context: context,
                form: form,
                isNode: companion != nil
            ).start(context.arguments.filter { $0 != "--detach" })
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
            takeOver: takeOver,
            makeCompanion: companion
        ).run()
    }
}
