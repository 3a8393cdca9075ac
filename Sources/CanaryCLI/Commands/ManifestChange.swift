// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryManifests
import CanaryModel

/// What `create`, `apply` and `replace` have in common: manifests in, one revision out.
struct ManifestChange {
    let verb: String
    let manifests: ManifestOptions
    let change: ChangeOptions
    let validation: FieldValidation
    let output: ChangeFormat?
    let settings: Settings
    let context: CommandContext

    /// Checks the manifests, changes the cluster in one revision, and reports. `body` is called with the change and the
    /// objects, in the order in which they were written.
    func run(_ body: (ClusterChange, [Resource]) throws -> Void) throws -> ExitStatus {
        let input = try ManifestInput.read(manifests, validation: validation, settings: settings, in: context)
        guard !input.diagnostics.hasErrors else { return refuse(input.diagnostics) }
        guard !input.resources.isEmpty else {
            print(input.diagnostics)
            throw CommandError("nothing to \(verb): no objects in \(manifests.files.joined(separator: ", "))")
        }
        var findings = input.diagnostics
        let session = ClusterSession(settings: settings, context: context)
        let result: ChangeResult
        do {
            result = try session.change(change, verb: verb) { change in
                try body(change, input.resources)
                findings += try check(change)
                // Leaving with an error takes everything back.
                if findings.hasErrors { throw CommandError.silent(.invalidManifests) }
            }
        } catch let error as CommandError where error.status == .invalidManifests {
            return refuse(findings)
        }
        print(findings)
        ChangeReport(options: change, output: output, context: context).print(result.changes)
        return try ProxyWait(options: change, session: session).wait(for: result)
    }

    /// What can only be said beside the other objects: forbidden changes are errors, the rest warns.
    private func check(_ change: ClusterChange) throws -> [Diagnostic] {
        let changed = change.changes.filter { $0.outcome != .unchanged }
        let forbidden = changed.flatMap { item -> [Diagnostic] in
            guard let before = item.before, let after = item.after else { return [] }
            return RuleCatalog.checkChange(from: before, to: after)
        }
        let references = try ReferenceCheck.findings(about: changed.compactMap(\.after), in: change)
        return forbidden + references
    }

    private func refuse(_ diagnostics: [Diagnostic]) -> ExitStatus {
        print(diagnostics)
        let count = diagnostics.count { $0.severity == .error }
        context.standardError.writeLine(
            "error: nothing was changed: \(count == 1 ? "1 error" : "\(count) errors")"
        )
        return .invalidManifests
    }

    private func print(_ diagnostics: [Diagnostic]) {
        let style = Style(settings.color, for: context.standardError, in: context)
        DiagnosticPrinter(stream: context.standardError, style: style).print(diagnostics)
    }
}
