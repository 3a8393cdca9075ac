// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import ArgumentParser
import CanaryInsight
import CanaryResources

/// Writes the routing table as another proxy's configuration.
struct ExportCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write the routing as Envoy's configuration",
        discussion: Help.examples(
            ("What is stored, in one file", "canaryctl export envoy > envoy.json"),
            ("Manifests, without a store", "canaryctl export envoy -f manifests/ > envoy.json"),
            ("As files that Envoy watches", "canaryctl export envoy --xds /etc/envoy")
        )
    )

    enum Format: String, ExpressibleByArgument, CaseIterable { case envoy }

    @Argument(help: "Whose configuration: envoy")
    var format: Format

    @OptionGroup(title: "Input") var manifests: ManifestOptions

    @Option(
        name: .customLong("for"),
        help: ArgumentHelp("Where the manifests are meant to work", valueName: "target")
    )
    var target = ValidateCommand.Target.canaryctl

    @Option(help: ArgumentHelp("The labels of the clients' pods", valueName: "key=value,..."))
    var sourceLabels: String?

    @Option(
        help: ArgumentHelp("Write files that Envoy watches into a directory", valueName: "dir"),
        completion: .directory
    )
    var xds: String?

    @Option(
        help: ArgumentHelp("Write the certificates and keys of Secrets into a directory", valueName: "dir"),
        completion: .directory
    )
    var secrets: String?

    enum Output: String, ExpressibleByArgument, CaseIterable { case json, yaml }

    @Option(name: .output, help: ArgumentHelp("The form of the configuration", valueName: "format"))
    var output = Output.json

    @OptionGroup(title: "Listening") var listening: ListeningOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func validate() throws {
        try listening.validate()
        if xds != nil, output == .yaml {
            throw ValidationError("--xds writes JSON: -o yaml cannot be given\nleave -o out")
        }
        if secrets == "" {
            throw ValidationError(
                "--secrets names no directory: its value is empty\nfor example: --secrets /etc/envoy/secrets"
            )
        }
        if xds == "" {
            throw ValidationError("--xds names no directory: its value is empty\nfor example: --xds envoy/")
        }
    }

    func run(in context: CommandContext) throws -> ExitStatus {
        let settings = try Settings(global, context)
        let labels = try sourceLabels.map { try LabelArgument.parse($0) } ?? [:]
        let input = manifests.files.isEmpty ? nil : try readManifests(settings, context)
        let snapshot = try snapshot(input, settings, context)
        if target == .istio {
            let refused = IstioRefusals.findings(Array(snapshot.resources), in: snapshot)
            DiagnosticPrinter(context.standardError, settings, context, sources: input?.sources ?? [])
                .printProblems(refused)
            guard refused.isEmpty else { return .invalidManifests }
        }
        let exporter = EnvoyExporter(
            snapshot: snapshot,
            namespace: settings.namespace,
            sourceLabels: labels,
            secrets: secrets.map { Self.envoyPath($0, context) } ?? EnvoySecretFiles.usualDirectory
        )
        let configuration = exporter.configuration(listening.envoyAddresses)
        let files = EnvoySecretFiles(configuration.files)
        if let secrets { try files.write(to: Self.envoyPath(secrets, context), called: secrets) }
        if let xds {
            try write(EnvoyDiscovery(configuration, directory: Self.envoyPath(xds, context)), xds, context)
        } else {
            switch output {
            case .json:
                // As a string, a large configuration would lie in memory three times.
                context.standardOutput.write(JSONWriter.bytes(configuration.staticBootstrap, pretty: true))
                context.standardOutput.writeLine()
            case .yaml:
                context.standardOutput.write(ObjectText.text(configuration.staticBootstrap, as: .yaml))
            }
        }
        context.standardOutput.flush()
        let style = Style(settings.color, for: context.standardError, in: context)
        for warning in configuration.warnings + (secrets == nil ? files.warnings : []) {
            let text = TerminalText.message(warning)
            context.standardError.writeLine("\(style.severity(.warning)): \(text)")
        }
        return .success
    }

    private func readManifests(_ settings: Settings, _ context: CommandContext) throws -> ManifestInput {
        let input = try ManifestInput.read(manifests, validation: .strict, settings: settings, in: context)
        let refusal = input.refusal(in: context)
        DiagnosticPrinter(context.standardError, settings, context, sources: input.sources)
            .printProblems(input.diagnostics.filter { $0.severity == .error })
        if let refusal { throw CommandError.silent(refusal) }
        return input
    }

    /// What the manifests hold, or all that is stored.
    private func snapshot(_ input: ManifestInput?, _ settings: Settings, _ context: CommandContext) throws
        -> ClusterSnapshot
    {
        guard let input else {
            return try ClusterSession(settings: settings, context: context).read { try $0.snapshot() }
        }
        var snapshot = ClusterSnapshot()
        snapshot.insert(contentsOf: input.resources)
        return snapshot
    }

    private static func envoyPath(_ directory: String, _ context: CommandContext) -> String {
        var path = context.absolutePath(directory)
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        return path
    }

    private func write(_ discovery: EnvoyDiscovery, _ name: String, _ context: CommandContext) throws {
        let directory = Self.envoyPath(name, context)
        try FileWriter.makeDirectory(directory).orThrow("cannot make the directory \(name)")
        let files = discovery.files
        var changed = 0
        for file in files {
            let bytes = JSONWriter.bytes(file.content, pretty: true) + [UInt8(ascii: "\n")]
            let isNew = try FileWriter.replace(path: "\(directory)/\(file.name)", with: bytes).orThrow(
                "cannot write \(name)/\(file.name)"
            )
            if isNew {
                changed += 1
                context.note("wrote \(name)/\(file.name)")
            }
        }
        try FileWriter.synchronize(directory: directory).orThrow("cannot write \(name)")
        context.standardOutput.writeLine("\(name): \(files.count) files, \(changed) changed")
    }
}
