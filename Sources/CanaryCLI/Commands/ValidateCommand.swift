// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryManifests
import CanaryResources
import CanaryRules

/// Reads manifests and reports every problem in them; changes nothing.
struct ValidateCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Check manifests without changing anything",
        discussion: Help.examples(
            ("Check a directory", "canaryctl validate -f manifests/"),
            (
                "Check what another tool prints, as Istio would",
                "render | canaryctl validate -f - --for istio"
            ),
            ("Check against what is stored", "canaryctl validate -f reviews.yaml --store-context"),
            (
                "Fail on warnings, and show all beside the lines of a pull request",
                "canaryctl validate -f manifests/ --strict -o github"
            )
        )
    )

    enum Target: String, ExpressibleByArgument, CaseIterable { case canaryctl, istio }

    enum Form: String, ExpressibleByArgument, CaseIterable { case text, json, yaml, sarif, github }

    @OptionGroup(title: "Input") var manifests: ManifestOptions

    @Flag(help: "Look for what the manifests refer to in the store too")
    var storeContext = false

    @Option(
        name: .customLong("for"),
        help: ArgumentHelp("Where the manifests are meant to work", valueName: "target")
    )
    var target = Target.canaryctl

    @Option(name: .output, help: ArgumentHelp("The form of the output", valueName: "format"))
    var output = Form.text

    @OptionGroup(title: "Findings") var findings: FindingOptions

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(in context: CommandContext) throws -> ExitStatus {
        try manifests.requireFiles("validate")
        let suppressions = try findings.suppress.map(Suppression.init)
        let settings = try Settings(global, context)
        let input = try ManifestInput.read(manifests, validation: .strict, settings: settings, in: context)
        var snapshot = storeContext ? try storedSnapshot(settings, context) : ClusterSnapshot()
        snapshot.insert(contentsOf: input.resources + input.skippedWorkloads)
        let references = ReferenceCheck.findings(
            about: input.resources,
            in: snapshot,
            settings,
            manifestsOnly: !storeContext
        )
        let chosen = select(input, references, suppressions)
        defer { LeftToExit.keep(input, snapshot, references, chosen) }
        let refusal = input.refusal(in: context)
        report(chosen, input, settings, context)
        let fails = chosen.shown.contains { !$0.isAllowedSkip && findings.fails(at: $0.severity) }
        return fails ? .invalidManifests : refusal ?? .success
    }

    /// What is shown, sorted, each finding once, and how many others were suppressed. What would block a change is always shown.
    private func select(
        _ input: ManifestInput,
        _ references: [Diagnostic],
        _ suppressions: [Suppression]
    ) -> Selection {
        let blocking = input.diagnostics.filter { $0.severity == .error }
        let others = input.diagnostics.filter { $0.severity != .error } + references
        let suppressed = SuppressedFindings(suppressions, input.resources)
        let kept = others.filter { !suppressed.contains($0) && isAboutTarget($0) }
        var seen: Set<Diagnostic> = []
        let shown = (blocking + kept).filter { seen.insert($0).inserted }
        return Selection(
            shown: shown.map { target == .istio ? $0.ratedForIstio : $0 }.sortedForPrinting(),
            suppressed: others.count(where: suppressed.contains),
            unused: suppressed.unused(among: others)
        )
    }

    private func isAboutTarget(_ finding: Diagnostic) -> Bool {
        target == .istio ? !finding.isAboutProxy : !finding.isAboutIstiosGateway
    }

    private struct Selection {
        var shown: [Diagnostic]
        var suppressed: Int
        var unused: [Suppression]
    }

    private func storedSnapshot(_ settings: Settings, _ context: CommandContext) throws -> ClusterSnapshot {
        try ClusterSession(settings: settings, context: context).read { try $0.snapshot() }
    }

    private func report(
        _ chosen: Selection,
        _ input: ManifestInput,
        _ settings: Settings,
        _ context: CommandContext
    ) {
        let stream = context.standardOutput
        switch output {
        case .json:
            stream.write(ObjectText.text(ValidationReport.node(chosen.shown, input.failures), as: .json))
        case .yaml:
            stream.write(ObjectText.text(ValidationReport.node(chosen.shown, input.failures), as: .yaml))
        case .sarif: stream.write(ObjectText.text(SARIFLog.node(chosen.shown, input.failures), as: .json))
        case .github:
            input.failures.forEach { stream.writeLine(GitHubAnnotation.line($0)) }
            chosen.shown.forEach { stream.writeLine(GitHubAnnotation.line($0)) }
        case .text:
            let findings = RepeatedFindings(chosen.shown)
            DiagnosticPrinter(stream, settings, context, sources: input.sources).print(findings)
            stream.flush()
            if input.failures.isEmpty || !chosen.shown.isEmpty {
                context.standardError.writeLine(summary(chosen))
            }
            if findings.isCounted {
                context.standardError.writeLine("hint: -o json lists all places of what is counted")
            }
            if !chosen.shown.isEmpty, context.standardError.isTerminal {
                context.standardError.writeLine("hint: canaryctl help rule CODE explains a finding")
            }
            if !storeContext, chosen.shown.contains(where: \.missesAnotherObject) {
                context.standardError.writeLine(
                    "hint: --store-context also looks for what is missing in the store"
                )
            }
        }
        for suppression in chosen.unused {
            context.standardError.writeLine(
                "warning: --suppress \(TerminalText.escape(suppression.text)) matches no finding"
            )
        }
    }

    private func summary(_ chosen: Selection) -> String {
        var text = chosen.shown.isEmpty ? "no problems found" : DiagnosticPrinter.summary(of: chosen.shown)
        if chosen.suppressed > 0 { text += ", \(chosen.suppressed) suppressed" }
        let refused = chosen.shown.count(where: \.isRefusedByIstio)
        guard target == .canaryctl, refused > 0 else { return text }
        return "\(text); Istio would refuse \(refused) of them (--for istio shows them as errors)"
    }
}

extension Diagnostic {
    /// Whether `--ignore-unknown` allows for what the finding says.
    fileprivate var isAllowedSkip: Bool {
        code == ManifestCodes.unknownKind && severity == .warning
    }

    /// Whether the finding is that the manifests lack an object which another one refers to.
    fileprivate var missesAnotherObject: Bool {
        // A subset without DestinationRule is no error of the manifests: labels give it a meaning.
        guard severity != .info, code.canary != "CAN0805" else { return false }
        return code.istio == "IST0101" || ["CAN0806", "CAN0808", "CAN1113"].contains(code.canary)
    }
}
