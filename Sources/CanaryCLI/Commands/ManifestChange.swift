// SPDX-License-Identifier: Apache-2.0

import CanaryInsight
import CanaryManifests
import CanaryResources
import CanaryRules

/// What `create`, `apply` and `replace` have in common: manifests in, one revision out.
struct ManifestChange {
    let verb: String
    let options: ManifestChangeOptions
    let settings: Settings
    let context: CommandContext
    /// Whether the Deployments run as soon as they are stored.
    var startsPods = false

    /// Checks the manifests, changes the cluster in one revision, and reports. `body` is called with the change and the
    /// objects, in the order in which they were written.
    func run(_ body: (ClusterChange, [Resource]) throws -> Void) throws -> ExitStatus {
        let report = ChangeReport(
            options: options.change,
            output: options.output.output,
            context: context
        )
        let input = try ManifestInput.read(
            options.input,
            validation: options.storing.validate,
            settings: settings,
            in: context
        )
        if let status = input.refusal(in: context) { return refuse(input.diagnostics, status, input.sources) }
        guard !input.resources.isEmpty else {
            print(input.diagnostics, input.sources)
            throw options.input.nothing
        }
        var findings = input.diagnostics
        let session = ClusterSession(settings: settings, context: context)
        var warnings: [String] = []
        let result: ChangeResult
        do {
            result = try session.change(options.change, verb: verb) { change in
                // Leaving with an error takes everything back.
                let failure = try Self.failure { try body(change, input.resources) }
                findings += try check(change, beside: input.skippedWorkloads)
                if let failure { throw failure }
                if findings.hasErrors { throw CommandError.silent(.invalidManifests) }
                warnings = try LostTemplates.warnings(of: change) + PodRoom.warnings(of: change.changes)
                summarizeSplits(change)
            }
        } catch let error as CommandError {
            context.report(error)
            return refuse(findings, findings.hasErrors ? .invalidManifests : error.status, input.sources)
        }
        print(findings, input.sources)
        context.warn(warnings)
        report.print(result)
        announceSplits(result.changes)
        return try ProxyWait(options: options.change, session: session).wait(for: result)
    }

    private static func failure(_ body: () throws -> Void) throws -> CommandError? {
        do {
            try body()
            return nil
        } catch let error as CommandError {
            return error
        }
    }

    /// What can only be said beside the other objects: forbidden changes are errors, the rest warns.
    private func check(_ change: ClusterChange, beside others: [Resource]) throws -> [Diagnostic] {
        let changed = change.changes.filter { $0.outcome != .unchanged }
        let forbidden = changed.flatMap { item -> [Diagnostic] in
            guard let before = item.before, let after = item.after, !change.view.damage.contains(item.key)
            else {
                return []
            }
            return RuleCatalog.checkChange(from: before, to: after)
        }
        let references = try ReferenceCheck.findings(
            about: changed.compactMap(\.after),
            beside: others,
            in: change,
            settings,
            startsPods: startsPods
        )
        return forbidden + references
    }

    private func refuse(
        _ diagnostics: [Diagnostic],
        _ status: ExitStatus,
        _ sources: [ManifestSource]
    ) -> ExitStatus {
        print(diagnostics, sources)
        guard diagnostics.hasErrors else { return status }
        let summary = DiagnosticPrinter.summary(of: diagnostics)
        context.standardError.writeLine("error: nothing was changed: \(summary)")
        return status
    }

    // MARK: - Splits

    /// Weights that change under running traffic deserve a look: the split before and after.
    private func splits(_ changes: [ObjectChange]) -> [(key: ResourceKey, text: String)] {
        changes.compactMap { item in
            guard let before = item.before, !before.isDamaged, let after = item.after else { return nil }
            let moves = WeightMove.between(before, after)
            return moves.isEmpty ? nil : (item.key, WeightMove.text(moves))
        }
    }

    private func summarizeSplits(_ change: ClusterChange) {
        for split in splits(change.changes) { change.summarize(split.key, "\(verb) \(split.text)") }
    }

    private func announceSplits(_ changes: [ObjectChange]) {
        context.standardOutput.flush()
        for split in splits(changes) {
            context.standardError.writeLine("\(split.key.qualifiedName): \(TerminalText.escape(split.text))")
        }
    }

    private func print(_ diagnostics: [Diagnostic], _ sources: [ManifestSource]) {
        DiagnosticPrinter(context.standardError, settings, context, sources: sources).printProblems(
            diagnostics
        )
    }
}
