// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A finding as GitHub Actions' workflow command, shown beside the line in a pull request.
///
/// Escaped as the runner undoes it: `%`, CR and LF everywhere, `:` and `,` in properties too.
enum GitHubAnnotation {
    static func line(_ diagnostic: Diagnostic) -> String {
        var properties: [String] = []
        if let file = diagnostic.file {
            properties.append("file=\(property(file))")
            if diagnostic.position.isKnown {
                properties.append("line=\(diagnostic.position.line)")
                properties.append("col=\(diagnostic.position.column)")
            }
        }
        let codes = [diagnostic.code.canary, diagnostic.code.istio].compactMap(\.self)
        properties.append("title=\(property(codes.joined(separator: " ")))")
        let hint = diagnostic.hint.map { "\nhint: \(TerminalText.message($0))" } ?? ""
        return "::\(command(diagnostic.severity)) \(properties.joined(separator: ","))"
            + "::\(data(TerminalText.message(diagnostic.message) + hint))"
    }

    /// What kept files from being checked.
    static func line(_ failure: CommandError) -> String {
        let place = failure.file.map { " file=\(property($0))" } ?? ""
        return "::error\(place)::\(data(TerminalText.message(failure.message)))"
    }

    private static func command(_ severity: Severity) -> String {
        switch severity {
        case .error: "error"
        case .warning: "warning"
        case .info: "notice"
        }
    }

    private static func data(_ text: String) -> String {
        escape(text, ["%", "\r", "\n"])
    }

    private static func property(_ text: String) -> String {
        escape(TerminalText.escape(text), ["%", "\r", "\n", ":", ","])
    }

    private static func escape(_ text: String, _ special: Set<Unicode.Scalar>) -> String {
        var escaped = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            guard special.contains(scalar) else {
                escaped.append(scalar)
                continue
            }
            let code = String(scalar.value, radix: 16, uppercase: true)
            escaped.append(contentsOf: (code.count == 1 ? "%0\(code)" : "%\(code)").unicodeScalars)
        }
        return String(escaped)
    }
}
