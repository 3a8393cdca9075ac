// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// Runs the whole of a store on this machine.
struct UpCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "Run the Deployments of the store, the proxy before them, and the rollouts",
        discussion: Help.examples(
            ("Write an example to start from, and run it", "canaryctl up --init && canaryctl up -f canary"),
            ("Apply manifests and run them, until Ctrl-C", "canaryctl up -f examples/helloworld/"),
            ("In the background; canaryctl down ends it", "canaryctl up --detach"),
            ("What one of its pods wrote", "canaryctl logs -f deployment/helloworld-v1")
        )
    )

    @Flag(
        name: .customLong("init"),
        help: "Write example manifests to the directory of -f, or else canary; run nothing"
    )
    var isInitial = false

    @Option(help: ArgumentHelp("How often autoscalers look at their Deployments", valueName: "time"))
    var hpaSyncPeriod = TimeSpan(.seconds(15))

    @Option(help: ArgumentHelp("What runs containers that have only an image", valueName: "runtime"))
    var runtime = RuntimeChoice.auto

    @OptionGroup(title: "Input") var input: ManifestOptions
    @OptionGroup var service: ServiceOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func validate() throws {
        guard !isInitial || input.files.count <= 1 && input.files.first != "-" else {
            throw ValidationError("--init writes one directory\nfor example: canaryctl up --init -f shop")
        }
        if isInitial, let name = input.files.first, Self.fileSuffixes.contains(where: name.hasSuffix) {
            throw ValidationError(
                "--init writes a directory, and \"\(name)\" is named like a file\nfor example: canaryctl up --init -f shop"
            )
        }
        guard (.milliseconds(100)...(.seconds(3600))).contains(hpaSyncPeriod.duration) else {
            throw ValidationError(
                "--hpa-sync-period must be within 100ms and 1h\nfor example: --hpa-sync-period 15s"
            )
        }
    }

    func run(in context: CommandContext) throws -> ExitStatus {
        if isInitial {
            let name = Self.withoutSlash(input.files.first ?? StarterManifests.usualDirectory)
            try StarterDirectory(name: name, path: context.absolutePath(name)).write(in: context)
            return .success
        }
        let settings = try Settings(global, context)
        // One in the background was started when its manifests had been applied.
        if service.readyDescriptor == nil, !input.files.isEmpty {
            // Where another node would refuse this one, the store stays as it is.
            try NodeService.requireNoOther(settings)
            let status = try apply(in: context)
            guard status == .success else { return status }
        }
        return try service.run(settings, context) {
            try NodeService(
                settings,
                context,
                autoscalerPeriod: hpaSyncPeriod.duration,
                runtime: runtime,
                showsLogs: service.readyDescriptor == nil
            )
        }
    }

    private static let fileSuffixes = [".yaml", ".yml", ".json"]

    private static func withoutSlash(_ path: String) -> String {
        path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    }

    private func apply(in context: CommandContext) throws -> ExitStatus {
        var options = try ManifestChangeOptions.parse([])
        options.input = input
        let change = ManifestChange(
            verb: "apply",
            options: options,
            settings: try Settings(global, context),
            context: context,
            startsPods: true
        )
        let status = try change.run { change, resources in
            for resource in resources { try change.apply(resource) }
        }
        context.standardOutput.flush()
        context.standardError.flush()
        return status
    }
}
