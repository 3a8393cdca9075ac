// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryManifests
import CanaryResources
import CanaryStore

/// Shows what `apply` would change.
struct DiffCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Show what apply would change",
        discussion: Help.examples(
            ("Before applying", "canaryctl diff -f manifests/"),
            ("For another program, one entry per object", "canaryctl diff -f manifests/ -o json"),
            ("In a script: 0 nothing, 1 something, 2 could not compare", "canaryctl diff -f . >/dev/null")
        )
    )

    @OptionGroup(title: "Input") var manifests: ManifestOptions

    @Option(
        help: ArgumentHelp("What unknown and repeated fields are: strict, warn or ignore", valueName: "mode")
    )
    var validate = FieldValidation.strict

    @OptionGroup(title: "Output") var output: ReportOutputOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(in context: CommandContext) throws -> ExitStatus {
        do {
            let status = try compare(in: context)
            let isWhole = context.lateErrors.isEmpty
            return isWhole || status == .invalidManifests ? status : .trouble
        } catch var error as CommandError where error.status == .failure {
            error.status = .trouble
            throw error
        } catch let error as StoreError where !error.isTransient {
            var trouble = CommandError(error)
            trouble.status = .trouble
            throw trouble
        }
    }

    private func compare(in context: CommandContext) throws -> ExitStatus {
        try manifests.requireFiles("diff")
        let settings = try Settings(global, context)
        let input = try ManifestInput.read(manifests, validation: validate, settings: settings, in: context)
        let refusal = input.refusal(in: context)
        DiagnosticPrinter(context.standardError, settings, context, sources: input.sources)
            .printProblems(input.diagnostics)
        if let refusal { return refusal == .failure ? .trouble : refusal }
        let session = ClusterSession(settings: settings, context: context)
        let differences = try session.read { view in
            let change = ClusterChange(view: view)
            for resource in input.resources { try change.apply(resource) }
            return change.changes.map { (change: $0, text: Self.text($0)) }
        }
        switch output.output {
        case .text: differences.forEach { context.standardOutput.write(TerminalText.escapeLines($0.text)) }
        case .json, .yaml:
            let report = Self.report(differences)
            context.standardOutput.write(ObjectText.text(report, as: output.output))
        }
        return differences.allSatisfy(\.text.isEmpty) ? .success : .failure
    }

    private static func report(_ differences: [(change: ObjectChange, text: String)]) -> Node {
        .mapping([
            "apiVersion": .string("canaryctl.dev/v1alpha1"),
            "kind": .string("DiffReport"),
            "objects": .sequence(
                differences.map { change, text in
                    .mapping([
                        "resource": .string(change.key.description),
                        "outcome": .string(change.outcome.rawValue),
                        "diff": .string(text),
                    ])
                }
            ),
        ])
    }

    /// In unified form; empty where nothing differs.
    private static func text(_ change: ObjectChange) -> String {
        let name = change.key.qualifiedName
        let revision = change.before?.stored.map { "revision \($0.revision)" } ?? "not there"
        let (before, after) = redacted(change.before?.body, change.after?.body)
        return UnifiedDiff.text(
            from: before.map { YAMLWriter.write($0) } ?? "",
            to: after.map { YAMLWriter.write($0) } ?? "",
            oldName: "\(name) (store, \(revision))",
            newName: "\(name) (manifest)"
        )
    }

    /// Secret data never shows: equal values become `***`, a changed one says which side it is on.
    private static func redacted(_ before: Node?, _ after: Node?) -> (Node?, Node?) {
        (
            before.map { mask($0, differingFrom: after, as: "*** (before)") },
            after.map { mask($0, differingFrom: before, as: "*** (after)") }
        )
    }

    private static func mask(_ body: Node, differingFrom other: Node?, as mark: String) -> Node {
        SecretData.hide(in: body) { place, value in
            place.reduce(other) { $0?[$1] } == value ? "***" : mark
        }
    }
}
