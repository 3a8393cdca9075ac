// SPDX-License-Identifier: Apache-2.0

import CanaryInsight
import CanaryResources

/// The results of routing tests for people: a line for each test, and what happened where one failed.
struct RouteTestPage {
    let results: [RouteTestResult]
    let style: Style

    var text: String { results.map(text).joined() }

    /// `7 tests passed, 25 requests`, `1 of 7 tests failed`.
    var summary: String {
        let failed = results.count { !$0.isPassed }
        let requests = Self.count(results.reduce(0) { $0 + $1.requests.count }, "request")
        let tests = Self.count(results.count, "test")
        return failed == 0 ? "\(tests) passed, \(requests)" : "\(failed) of \(tests) failed, \(requests)"
    }

    private func text(_ result: RouteTestResult) -> String {
        let mark = result.isPassed ? style.good("ok  ") : style.bad("FAIL")
        let requests = Self.count(result.requests.count, "request")
        var lines = ["\(mark)  \(TerminalText.escape(result.test.title)) \(style.faint("(\(requests))"))"]
        for warning in Self.distinct(result.requests.compactMap(\.warning)) {
            lines.append("      \(style.severity(.warning)): \(TerminalText.message(warning))")
        }
        lines += failureLines(result)
        return lines.map { $0 + "\n" }.joined()
    }

    /// Each different failure once, with the request that showed it first.
    private func failureLines(_ result: RouteTestResult) -> [String] {
        var lines: [String] = []
        var seen: Set<String> = []
        for request in result.requests {
            let new = request.failures.filter { seen.insert("\($0.field)|\($0.message)").inserted }
            guard !new.isEmpty else { continue }
            for failure in new {
                let place = "\(result.test.file):\(failure.position.line):\(failure.position.column)"
                lines.append("      \(TerminalText.message("\(place): \(failure.message)"))")
            }
            lines += request.page(style).split(separator: "\n").map { "        \($0)" }
        }
        let failed = result.requests.count { !$0.failures.isEmpty }
        if failed > 0, failed < result.requests.count || failed > 1 {
            lines.append("      \(failed) of \(Self.count(result.requests.count, "request")) failed")
        }
        return lines
    }

    private static func distinct(_ texts: [String]) -> [String] {
        var seen: Set<String> = []
        return texts.filter { seen.insert($0).inserted }
    }

    private static func count(_ number: Int, _ noun: String) -> String {
        "\(number) \(noun)\(number == 1 ? "" : "s")"
    }
}

extension RouteTestResult.Request {
    /// What became of the request.
    func page(_ style: Style) -> String {
        ExplanationPage(request: request, explanation: explanation, showsEndpoints: false, style: style).text
    }
}

extension RouteTestCase {
    /// What the test is called; one without a description by its place.
    var title: String {
        description.isEmpty ? "\(file):\(position.line)" : description
    }
}

extension ExplainedRequest {
    /// `http://shop/cart?x=1`.
    var url: String { "\(scheme)://\(authority)\(path)\(query.map { "?\($0)" } ?? "")" }

    /// `GET http://shop/cart?x=1`, or `tcp://db:5432`.
    var line: String { isConnection ? "tcp://\(authority)" : "\(method) \(url)" }
}
