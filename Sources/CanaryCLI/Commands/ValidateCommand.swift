// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryManifests
import CanaryModel

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
            ("Check against what is stored", "canaryctl validate -f reviews.yaml --store-context")
        )
    )

    enum Target: String, ExpressibleByArgument, CaseIterable { case canaryctl, istio }

    enum Form: String, ExpressibleByArgument, CaseIterable { case text, json, yaml }

    @OptionGroup(title: "Input") var manifests: ManifestOptions

    @Flag(help: "Look for what the manifests refer to in the store too")
    var storeContext = false

    @Option(
        name: .customLong("for"),
        help: ArgumentHelp("Where the manifests are meant to work", valueName: "target")
    )
    var target = Target.canaryctl

    @Option(name: .shortAndLong, help: ArgumentHelp("The form of the output", valueName: "format"))
    var output = Form.text

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(in context: CommandContext) throws -> ExitStatus {
        try manifests.requireFiles("validate")
        let settings = try Settings(global, context)
        let input = try ManifestInput.read(manifests, validation: .strict, settings: settings, in: context)
        var snapshot = storeContext ? try storedSnapshot(settings, context) : ClusterSnapshot()
        input.resources.forEach { snapshot.insert($0) }
        let references = RuleCatalog.checkReferences(input.resources, in: snapshot, asWarnings: false)
        let diagnostics = (input.diagnostics + references).map { target == .istio ? $0.asIstioSeesIt : $0 }
        let refusal = input.refusal(in: context)
        report(diagnostics.sortedForPrinting(), isComplete: input.failures.isEmpty, settings, context)
        return diagnostics.hasErrors ? .invalidManifests : refusal ?? .success
    }

    private func storedSnapshot(_ settings: Settings, _ context: CommandContext) throws -> ClusterSnapshot {
        try ClusterSession(settings: settings, context: context).read { try $0.snapshot() }
    }

    private func report(
        _ diagnostics: [Diagnostic],
        isComplete: Bool,
        _ settings: Settings,
        _ context: CommandContext
    ) {
        switch output {
        case .json:
            context.standardOutput.write(ObjectText.text(ValidationReport.node(diagnostics), as: .json))
        case .yaml:
            context.standardOutput.write(ObjectText.text(ValidationReport.node(diagnostics), as: .yaml))
        case .text:
            let style = Style(settings.color, for: context.standardOutput, in: context)
            DiagnosticPrinter(stream: context.standardOutput, style: style).print(diagnostics)
            context.standardOutput.flush()
            if isComplete || !diagnostics.isEmpty { context.standardError.writeLine(summary(diagnostics)) }
            if !storeContext, diagnostics.contains(where: \.missesAnotherObject) {
                context.standardError.writeLine(
                    "hint: --store-context also looks for what is missing in the store"
                )
            }
        }
    }

    private func summary(_ diagnostics: [Diagnostic]) -> String {
        guard !diagnostics.isEmpty else { return "no problems found" }
        let refused = diagnostics.count { $0.severity != .error && $0.wouldBeRefusedByIstio }
        let text = DiagnosticPrinter.summary(of: diagnostics)
        guard target == .canaryctl, refused > 0 else { return text }
        return "\(text); Istio would refuse \(refused) of them (--for istio shows them as errors)"
    }
}

extension Diagnostic {
    /// Whether the finding is that the manifests lack an object which another one refers to.
    fileprivate var missesAnotherObject: Bool {
        // A subset without DestinationRule is no error of the manifests: labels give it a meaning.
        guard severity != .info, code.canary != "CAN0805" else { return false }
        return code.istio == "IST0101" || ["CAN0806", "CAN0808"].contains(code.canary)
    }

    /// What canaryctl makes sense of and Istio answers with 503: a subset without DestinationRule.
    fileprivate var wouldBeRefusedByIstio: Bool { severity == .info && code.istio == "IST0101" }

    fileprivate var asIstioSeesIt: Diagnostic {
        guard wouldBeRefusedByIstio else { return self }
        var error = self
        error.severity = .error
        return error
    }
}
