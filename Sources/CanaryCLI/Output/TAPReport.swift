// SPDX-License-Identifier: Apache-2.0

import CanaryInsight
import CanaryManifests
import CanaryResources

/// The results of routing tests in the Test Anything Protocol, version 14: a test point for each test.
enum TAPReport {
    static func text(_ results: [RouteTestResult]) -> String {
        var lines = ["TAP version 14", "1..\(results.count)"]
        for (index, result) in results.enumerated() {
            let mark = result.isPassed ? "ok" : "not ok"
            lines.append("\(mark) \(index + 1) - \(escaped(result.test.title))")
            if !result.isPassed { lines += diagnosis(result) }
        }
        return lines.map { $0 + "\n" }.joined()
    }

    private static func diagnosis(_ result: RouteTestResult) -> [String] {
        let failures = result.requests.flatMap { request in
            request.failures.map { failure in
                Node.mapping([
                    "request": .string(request.request.line),
                    "message": .string(failure.message),
                    "line": .integer(Int64(failure.position.line)),
                ])
            }
        }
        let page = result.requests.first { !$0.failures.isEmpty }?.page(.plain) ?? ""
        let node = Node.mapping([
            "file": .string(result.test.file), "failures": .sequence(failures),
            "explanation": .string(page),
        ])
        let lines = YAMLWriter.write(node).split(separator: "\n").map { "  \($0)" }
        return ["  ---"] + lines + ["  ..."]
    }

    /// A description is one line, in which `#` begins a directive.
    private static func escaped(_ text: String) -> String {
        TerminalText.escape(text).replacing("\\", with: "\\\\").replacing("#", with: "\\#")
    }
}
