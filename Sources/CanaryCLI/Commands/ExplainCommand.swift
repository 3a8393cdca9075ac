// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryInsight
import CanaryMesh
import CanaryResources

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

    @Option(
        name: .customLong("for"),
        help: ArgumentHelp("Where the manifests are meant to work", valueName: "target")
    )
    var target = ValidateCommand.Target.canaryctl

    @OptionGroup(title: "Output") var output: ReportOutputOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(in context: CommandContext) throws -> ExitStatus {
        let settings = try Settings(global, context)
        let request = try asked.request(namespace: settings.namespace)
        let labels = try asked.labels()
        let input = manifests.files.isEmpty ? nil : try read(settings, context)
        var (snapshot, explainer) = try ask(of: input, wholly: false, request, labels, settings, context)
        if let gateway = request.gateway, !explainer.serves(gateway) { throw noGateway(gateway) }
        let port = try asked.port(request)
        var (askedRequest, explanation) = explainer.explain(request, arrivingAt: port)
        if explanation.action == .notFound, request.gateway == nil {
            // Listeners of Gateways and Services take names that are not theirs.
            (snapshot, explainer) = try ask(of: input, wholly: true, request, labels, settings, context)
            (askedRequest, explanation) = explainer.explain(request, arrivingAt: port)
        }
        try write(explanation, askedRequest, input, settings, context)
        if explanation.action == .notFound, request.gateway == nil {
            hint(at: explainer.gateways(answering: request), context)
        }
        guard target == .istio else { return .success }
        let refused = IstioRefusals.findings(
            about: explanation,
            in: snapshot,
            namespace: settings.namespace
        )
        context.standardOutput.flush()
        DiagnosticPrinter(context.standardError, settings, context, sources: input?.sources ?? [])
            .printProblems(refused)
        return refused.hasErrors ? .invalidManifests : .success
    }

    /// What knows of a request: with `wholly` all there is, else what is about its host.
    private func ask(
        of input: ManifestInput?,
        wholly: Bool,
        _ request: ExplainedRequest,
        _ labels: [String: String],
        _ settings: Settings,
        _ context: CommandContext
    ) throws -> (ClusterSnapshot, RequestExplainer) {
        let snapshot =
            try input.map { try self.snapshot(of: $0, for: request, wholly, settings) }
            ?? stored(for: request, wholly, settings, context)
        let explainer = RequestExplainer(
            snapshot: snapshot,
            namespace: settings.namespace,
            sourceLabels: labels
        )
        return (snapshot, explainer)
    }

    private func hint(at gateways: [String], _ context: CommandContext) {
        guard let first = gateways.first, output.output == .text else { return }
        context.standardOutput.flush()
        context.standardError.writeLine("hint: --gateway \(first) asks as a client of that Gateway")
    }

    private func write(
        _ explanation: Explanation,
        _ request: ExplainedRequest,
        _ input: ManifestInput?,
        _ settings: Settings,
        _ context: CommandContext
    ) throws {
        let stream = context.standardOutput
        switch output.output {
        case .json, .yaml:
            let node = explanation.node(hidesEndpoints: !manifests.files.isEmpty)
            stream.write(ObjectText.text(node, as: output.output))
        case .text:
            let page = ExplanationPage(
                request: request,
                explanation: explanation,
                showsEndpoints: manifests.files.isEmpty,
                style: Style(settings.color, for: stream, in: context)
            )
            stream.write(page.text)
            if explanation.host == nil, explanation.action == .notFound {
                stream.flush()
                if let hint = try hint(for: request, input, settings, context) {
                    context.standardError.writeLine("hint: \(hint)")
                }
            }
        }
    }

    /// What to say to kubectl's `explain vs.spec.http`, which asks for the fields of a kind.
    private static func hint(kindOf host: String) -> String? {
        guard let kind = ResourceKind(named: String(host.prefix { $0 != "." })) else { return nil }
        return "explain tells where a request goes; man canaryctl-manifest tells the fields of "
            + "\(kind.name), and canaryctl get \(kind.plural) lists such objects"
    }

    /// Which host may have been meant, else which command, or where the known hosts are listed.
    private func hint(
        for request: ExplainedRequest,
        _ input: ManifestInput?,
        _ settings: Settings,
        _ context: CommandContext
    ) throws -> String? {
        let known =
            try input.map { KnownHosts.names($0.resources) }
            ?? ClusterSession(settings: settings, context: context).read { try $0.knownHosts() }
        let host = HostName.fromUser(request.host, namespace: settings.namespace)
        if let name = KnownHosts.suggestion(for: host, among: known) {
            return "did you mean \"\(TerminalText.message(settings.named(name)))\"?"
        }
        if let hint = Self.hint(kindOf: request.host) { return hint }
        return input == nil
            ? "canaryctl get services,virtualservices,serviceentries -A lists what is stored" : nil
    }

    private func read(_ settings: Settings, _ context: CommandContext) throws -> ManifestInput {
        let input = try ManifestInput.read(
            manifests,
            validation: .strict,
            settings: settings,
            in: context
        )
        let refusal = input.refusal(in: context)
        DiagnosticPrinter(context.standardError, settings, context, sources: input.sources)
            .printProblems(input.diagnostics.filter { $0.severity == .error })
        if let refusal { throw CommandError.silent(refusal) }
        return input
    }

    /// What the manifests say about the request.
    private func snapshot(
        of input: ManifestInput,
        for request: ExplainedRequest,
        _ wholly: Bool,
        _ settings: Settings
    ) throws -> ClusterSnapshot {
        var snapshot = ClusterSnapshot()
        snapshot.insert(contentsOf: input.resources)
        let reachable = snapshot.withReachableGateways
        return wholly || request.isForAddress
            ? reachable : try neighbourhood(of: request, settings, in: reachable)
    }

    /// What the store knows of the request's host.
    private func stored(
        for request: ExplainedRequest,
        _ wholly: Bool,
        _ settings: Settings,
        _ context: CommandContext
    ) throws -> ClusterSnapshot {
        try ClusterSession(settings: settings, context: context).read { view in
            guard !wholly, !request.isForAddress else { return try view.snapshot() }
            var found = try neighbourhood(of: request, settings, in: view, revision: view.revision)
            try view.addRowsOfUnknownKind(to: &found)
            return found
        }
    }

    /// What decides about a request: the objects of its host, whichever name that is, and of the Gateway.
    private func neighbourhood(
        of request: ExplainedRequest,
        _ settings: Settings,
        in source: some ResourceSource,
        revision: Int64 = 0
    ) throws -> ClusterSnapshot {
        var hosts = [HostName.fromUser(request.host, namespace: settings.namespace)]
        let labels = request.host.lowercased().split(separator: ".", omittingEmptySubsequences: false)
        if labels.count == 2 {
            hosts.append(HostName.service(String(labels[0]), namespace: String(labels[1])))
        }
        var snapshot = try HostClosure.load(hosts, from: source, revision: revision)
        if let gateway = request.gateway {
            let key = ResourceKey(.gateway, namespace: gateway.namespace, name: gateway.name)
            if let resource = try source.resource(key) { snapshot.insert(resource) }
        }
        return snapshot
    }

    private func noGateway(_ gateway: GatewayReference) -> CommandError {
        CommandError(
            "no Gateway \(gateway.namespace)/\(gateway.name) with a port that speaks HTTP",
            hint: manifests.files.isEmpty
                ? "canaryctl get gateways -A lists what is stored"
                : "name one of the Gateways in \(manifests.names)"
        )
    }
}

extension ExplainedRequest {
    /// Whether the host is an address, which may be that of any Service.
    fileprivate var isForAddress: Bool {
        host.contains(":") || host.utf8.allSatisfy { "0123456789.".utf8.contains($0) }
    }
}
