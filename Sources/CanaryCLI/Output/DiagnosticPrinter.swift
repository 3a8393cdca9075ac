// SPDX-License-Identifier: Apache-2.0

import CanaryManifests
import CanaryResources

/// Writes findings as text: position, severity, message, code; the field; on a terminal the line; the hint.
///
///     reviews.yaml:14:9: error: no destination can receive traffic: both weights are 0 [CAN0203 IST0106]
///       at spec.http[0].route in VirtualService shop/reviews
///       14 |       - route:
///          |         ^~~~~
///     hint: give at least one destination a weight above 0
struct DiagnosticPrinter {
    private let stream: OutputStream
    private let style: Style
    private let sources: [ManifestSource]

    /// - Parameter sources: the texts that the findings are about, as far as they were kept.
    init(
        _ stream: OutputStream,
        _ settings: Settings,
        _ context: CommandContext,
        sources: [ManifestSource] = []
    ) {
        self.stream = stream
        self.sources = stream.isTerminal ? sources : []
        style = Style(settings.color, for: stream, in: context)
    }

    /// Prints errors and warnings in order. What is only worth knowing belongs to `validate`: elsewhere it would come again with
    /// every run. That objects were skipped is told, a line for each of their kinds.
    func printProblems(_ diagnostics: [Diagnostic]) {
        print(diagnostics.filter { $0.severity != .info })
        for finding in diagnostics.sortedForPrinting() where finding.code == ManifestCodes.ignoredKind {
            stream.writeLine("note: \(TerminalText.message(finding.message))")
        }
    }

    /// Prints all findings in order, those that repeat counted.
    func print(_ diagnostics: [Diagnostic]) {
        print(RepeatedFindings(diagnostics.sortedForPrinting()))
    }

    func print(_ findings: RepeatedFindings) {
        let texts = Dictionary(sources.map { ($0.name, $0) }) { first, _ in first }
        var file: String?
        var lines: ManifestLines?
        for group in findings.groups {
            let diagnostic = group.first
            if diagnostic.file != file {
                file = diagnostic.file
                lines = file.flatMap { texts[$0] }.map(ManifestLines.init)
            }
            print(diagnostic, others: group.others, excerpt(of: &lines, for: diagnostic))
        }
    }

    /// The lines of a Secret hold what nothing but `get` shows.
    private func excerpt(of lines: inout ManifestLines?, for diagnostic: Diagnostic) -> Excerpt? {
        guard diagnostic.resource?.kind != .secret else { return nil }
        let columns = min(max(stream.columns ?? 80, 1), Self.mostColumns)
        let position = diagnostic.position
        guard position.isKnown, let line = lines?.line(around: position, reach: columns) else { return nil }
        return Excerpt(line, number: position.line, columns: columns)
    }

    private func print(_ diagnostic: Diagnostic, others: Int, _ excerpt: Excerpt?) {
        var line = ""
        if let file = diagnostic.file {
            line = "\(TerminalText.message(file)):"
            if diagnostic.position.isKnown {
                line += "\(diagnostic.position.line):\(diagnostic.position.column):"
            }
            line += " "
        }
        let codes = [diagnostic.code.canary, diagnostic.code.istio].compactMap(\.self).joined(separator: " ")
        line +=
            "\(style.severity(diagnostic.severity)): \(TerminalText.message(diagnostic.message)) [\(codes)]"
        if others > 0 { line += " and \(others) more" }
        stream.writeLine(line)
        if let place = Self.place(of: diagnostic) { stream.writeLine("  at \(TerminalText.message(place))") }
        excerpt?.lines(diagnostic.severity, style).forEach(stream.writeLine)
        if let hint = diagnostic.hint { stream.writeLine("hint: \(TerminalText.message(hint))") }
    }

    private static func place(of diagnostic: Diagnostic) -> String? {
        let path = diagnostic.path.description
        guard let resource = diagnostic.resource else { return path.isEmpty ? nil : path }
        let owner =
            resource.kind.isNamespaced
            ? "\(resource.kind.name) \(resource.namespace)/\(resource.name)"
            : "\(resource.kind.name) \(resource.name)"
        return path.isEmpty ? owner : "\(path) in \(owner)"
    }

    /// A line that is longer than this is cut on any terminal.
    private static let mostColumns = 1000

    /// `3 errors, 1 warning`.
    static func summary(of diagnostics: [Diagnostic]) -> String {
        Severity.allCases.compactMap { severity -> String? in
            let count = diagnostics.count { $0.severity == severity }
            guard count > 0 else { return nil }
            switch severity {
            case .error: return count == 1 ? "1 error" : "\(count) errors"
            case .warning: return count == 1 ? "1 warning" : "\(count) warnings"
            case .info: return "\(count) for information"
            }
        }.joined(separator: ", ")
    }
}
