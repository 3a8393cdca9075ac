// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CanaryManifests
import CanaryResources
import CanaryRules

/// Manifests read and checked, each object by itself.
struct ManifestInput {
    var resources: [Resource]
    /// What rules look at beside them: see ``ManifestSet/skippedWorkloads``.
    var skippedWorkloads: [Resource]
    /// Findings about single objects and about the text, `--validate` applied.
    var diagnostics: [Diagnostic]
    /// What could not be read at all.
    var failures: [CommandError]
    /// The texts, where a terminal can show lines of them.
    var sources: [ManifestSource]

    /// Reads and checks what `-f` names.
    static func read(
        _ options: ManifestOptions,
        validation: FieldValidation,
        settings: Settings,
        in context: CommandContext
    ) throws -> ManifestInput {
        let reader = ManifestReader(
            defaultNamespace: settings.namespace,
            namespaceIsExplicit: settings.namespaceIsExplicit,
            ignoreUnknownKinds: options.ignoreUnknown
        )
        let sources = try options.sources(in: context)
        let manifests = reader.readAndCheck(sources.read, workers: Processors.count)
        return ManifestInput(
            resources: manifests.resources,
            skippedWorkloads: manifests.skippedWorkloads,
            diagnostics: manifests.diagnostics.compactMap { $0.adjusted(to: validation) },
            failures: sources.failures,
            sources: context.hasTerminal ? sources.read : []
        ).refusingNothing(options)
    }

    /// The status that keeps a command from going on; `nil` where nothing does. The failures are told here.
    func refusal(in context: CommandContext) -> ExitStatus? {
        if let failure = CommandError.joined(failures) { context.report(failure) }
        if diagnostics.hasErrors { return .invalidManifests }
        return failures.isEmpty ? nil : .failure
    }
}

extension ManifestInput {
    /// Whether the texts hold no object at all, not even one that is skipped.
    private var isEmpty: Bool { resources.isEmpty && diagnostics.isEmpty && failures.isEmpty }

    fileprivate func refusingNothing(_ options: ManifestOptions) -> ManifestInput {
        guard isEmpty, !options.files.isEmpty else { return self }
        var input = self
        input.failures = [options.nothing]
        return input
    }
}

extension ManifestOptions {
    /// Why input without objects is refused, as kubectl does: most often something before it went wrong.
    var nothing: CommandError {
        CommandError(
            "no objects in \(names)",
            hint: files.contains("-")
                ? "did the command that was to write them fail?"
                : "each is a mapping with apiVersion, kind and metadata: canaryctl help manifests tells more"
        )
    }

    /// A command that needs manifests says so at once, and does not wait for a terminal's input.
    func requireFiles(_ command: String) throws {
        guard files.isEmpty else { return }
        throw CommandError.wrongUsage(
            "no manifests given",
            hint: "canaryctl \(command) -f FILE, or -f - for standard input"
        )
    }
}

extension Diagnostic {
    /// The findings that `--validate` is about: unknown fields, and repeated ones.
    private static let fieldCodes: Set<String> = [
        SchemaRule.unknownField.code(isIstio: false).canary, ManifestCodes.duplicateKey.canary,
    ]

    /// `--validate` turns findings about unknown and repeated fields into warnings, or drops them.
    fileprivate func adjusted(to validation: FieldValidation) -> Diagnostic? {
        guard severity == .error, Self.fieldCodes.contains(code.canary) else { return self }
        switch validation {
        case .strict: return self
        case .ignore: return nil
        case .warn:
            var warning = self
            warning.severity = .warning
            return warning
        }
    }
}
