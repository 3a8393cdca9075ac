// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryInsight
import CanaryManifests
import CanaryResources

/// Runs routing tests against manifests.
struct TestCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Test which requests go where",
        discussion: Help.examples(
            ("Run the tests of a directory", "canaryctl test -t tests/ -f manifests/"),
            (
                "As Istio would route, for a build server",
                "canaryctl test -t t.yaml -f vs.yaml --for istio -o junit"
            )
        )
    )

    enum Form: String, ExpressibleByArgument, CaseIterable { case text, json, yaml, junit, tap }

    @Option(
        name: [.customShort("t"), .customLong("tests")],
        help: ArgumentHelp("Tests: a file, a directory, or -; may be repeated", valueName: "file"),
        completion: .file(extensions: ["yaml", "yml", "json"])
    )
    var tests: [String] = []

    @OptionGroup(title: "Input") var manifests: ManifestOptions

    @Flag(help: "Take what the manifests lack from the store")
    var storeContext = false

    @Option(
        name: .customLong("for"),
        help: ArgumentHelp("Where the manifests are meant to work", valueName: "target")
    )
    var target = ValidateCommand.Target.canaryctl

    @Option(name: .output, help: ArgumentHelp("The form of the output", valueName: "format"))
    var output = Form.text

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(in context: CommandContext) throws -> ExitStatus {
        try requireInput()
        let settings = try Settings(global, context)
        let cases = try readTests(in: context)
        let input = try ManifestInput.read(manifests, validation: .strict, settings: settings, in: context)
        var snapshot = try storeContext ? storedSnapshot(settings, context) : ClusterSnapshot()
        snapshot.insert(contentsOf: input.resources)
        var findings = cases.diagnostics + input.diagnostics.filter { $0.severity == .error }
        if target == .istio { findings += IstioRefusals.findings(input.resources, in: snapshot) }
        report(findings, cases.sources + input.sources, settings, context)
        let failures = CommandError.joined(cases.failures + input.failures)
        if let failures { context.report(failures) }
        let canRun = !cases.diagnostics.hasErrors && !input.diagnostics.hasErrors && failures == nil
        let isInvalid = findings.hasErrors || cases.failures.contains { $0.status == .invalidManifests }
        guard canRun else { return isInvalid ? .invalidManifests : .failure }
        guard !cases.tests.isEmpty else {
            throw CommandError(
                "no tests given: the files hold none",
                hint:
                    "man canaryctl-test tells what a test is: a mapping with \"request:\" and what is expected",
                status: .invalidManifests
            )
        }
        let tester = RouteTester(
            snapshot: snapshot,
            namespace: settings.namespace,
            namespaceIsExplicit: settings.namespaceIsExplicit,
            isForIstio: target == .istio
        )
        let results = cases.tests.map(tester.run)
        write(results, settings, context)
        if findings.hasErrors { return .invalidManifests }
        return results.allSatisfy(\.isPassed) ? .success : .failure
    }

    private func requireInput() throws {
        guard !tests.isEmpty else {
            throw CommandError.wrongUsage("no tests given", hint: "canaryctl test -t TESTS -f MANIFESTS")
        }
        if !storeContext { try manifests.requireFiles("test -t TESTS") }
        guard !(tests.contains("-") && manifests.files.contains("-")) else {
            throw CommandError.wrongUsage(
                "standard input can be read only once: \"-\" is given for tests and for manifests",
                hint: "put one of them into a file"
            )
        }
    }

    private struct Tests {
        var tests: [RouteTestCase] = []
        var diagnostics: [Diagnostic] = []
        var failures: [CommandError] = []
        var sources: [ManifestSource] = []
    }

    private func readTests(in context: CommandContext) throws -> Tests {
        let files = FileSources(files: tests, recursive: manifests.recursive, option: "-t", noun: "tests")
        let sources = try files.read(in: context)
        var result = Tests(failures: sources.failures, sources: sources.read)
        var parser = YAMLParser()
        for source in sources.read {
            let parsed = parser.parse(source)
            result.diagnostics += parsed.diagnostics
            for document in parsed.documents {
                guard !document.isManifest else {
                    result.failures.append(Self.notTests(source.name))
                    break
                }
                let (tests, diagnostics) = RouteTestCase.read(document, file: source.name)
                result.tests += tests
                result.diagnostics += diagnostics
            }
        }
        return result
    }

    private static func notTests(_ file: String) -> CommandError {
        var error = CommandError(
            "\(file) holds manifests, and no tests",
            hint: "manifests are given with -f, tests with -t: canaryctl test -t TESTS -f \(file)",
            status: .invalidManifests
        )
        error.file = file
        return error
    }

    private func storedSnapshot(_ settings: Settings, _ context: CommandContext) throws -> ClusterSnapshot {
        try ClusterSession(settings: settings, context: context).read { try $0.snapshot() }
    }

    /// Findings are data; but where a machine reads the results, they stay out of its way.
    private func report(
        _ findings: [Diagnostic],
        _ sources: [ManifestSource],
        _ settings: Settings,
        _ context: CommandContext
    ) {
        let stream = output == .text ? context.standardOutput : context.standardError
        DiagnosticPrinter(stream, settings, context, sources: sources).printProblems(findings)
    }

    private func write(_ results: [RouteTestResult], _ settings: Settings, _ context: CommandContext) {
        let stream = context.standardOutput
        switch output {
        case .json: stream.write(ObjectText.text(RouteTestReport.node(results), as: .json))
        case .yaml: stream.write(ObjectText.text(RouteTestReport.node(results), as: .yaml))
        case .junit: stream.write(JUnitReport.text(results))
        case .tap: stream.write(TAPReport.text(results))
        case .text:
            let style = Style(settings.color, for: stream, in: context)
            let page = RouteTestPage(results: results, style: style)
            stream.write(page.text)
            stream.flush()
            context.standardError.writeLine(page.summary)
        }
    }
}

extension Node {
    /// Whether a document says of itself that it is an object of Kubernetes.
    fileprivate var isManifest: Bool { self["apiVersion"] != nil && self["kind"] != nil }
}
