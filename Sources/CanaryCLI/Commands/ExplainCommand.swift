// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryManifests
import CanaryModel
import CanaryStore

/// Says which route a request takes, and why the others do not take it.
struct ExplainCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Show which route a request takes, and why",
        usage: "canaryctl explain [<method>] <url> [<options>]",
        discussion: Help.examples(
            ("Against what is stored", "canaryctl explain GET http://helloworld/hello -H 'x-user: ada'"),
            ("Against manifests", "canaryctl explain POST http://reviews/reviews/7 -f manifests/")
        )
    )

    @OptionGroup(title: "Request") var asked: RequestOptions
    @OptionGroup(title: "Input") var manifests: ManifestOptions
    @OptionGroup(title: "Output") var output: ReportOutputOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(in context: CommandContext) throws -> ExitStatus {
        let request = try asked.request()
        let labels = try asked.labels()
        let settings = try Settings(global, context)
        let snapshot = try snapshot(for: request, settings, context)
        let explainer = RequestExplainer(
            snapshot: snapshot,
            namespace: settings.namespace,
            sourceLabels: labels
        )
        let explanation = explainer.explain(request)
        switch output.output {
        case .json, .yaml:
            context.standardOutput.write(ObjectText.text(explanation.node, as: output.output))
        case .text:
            let page = ExplanationPage(
                request: request,
                explanation: explanation,
                showsEndpoints: manifests.files.isEmpty
            )
            context.standardOutput.write(page.text)
        }
        return .success
    }

    /// What the manifests hold, or what the store knows of the request's host.
    private func snapshot(for request: ExplainedRequest, _ settings: Settings, _ context: CommandContext)
        throws
        -> ClusterSnapshot
    {
        guard manifests.files.isEmpty else {
            let input = try ManifestInput.read(
                manifests,
                validation: .strict,
                settings: settings,
                in: context
            )
            let style = Style(settings.color, for: context.standardError, in: context)
            DiagnosticPrinter(stream: context.standardError, style: style).print(input.diagnostics)
            if let status = input.refusal(in: context) { throw CommandError.silent(status) }
            var snapshot = ClusterSnapshot()
            input.resources.forEach { snapshot.insert($0) }
            return snapshot
        }
        return try ClusterSession(settings: settings, context: context).read { view in
            try view.closure(of: [try view.host(named: request.host, namespace: settings.namespace)])
        }
    }
}
