// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A condition on `uri` asks for what no path has: a query, a fragment, dot segments, or a beginning other than a slash. Paths are
/// compared without their query and after dot segments are resolved, so that no request meets the condition.
enum UnmatchablePathRule: ObjectRule {
    static let code = RuleCode("CAN1124")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for match in object.httpMatches {
            for (test, place) in match["uri"]?.entries ?? [] {
                guard let text = place.string, !text.isEmpty, let problem = problem(text, test, object)
                else { continue }
                report.add(
                    at: place,
                    "no path matches \"\(text)\": \(problem.reason)",
                    hint: problem.hint
                )
            }
        }
    }

    private static func problem(_ text: String, _ test: String, _ object: CheckedObject) -> (
        reason: String, hint: String
    )? {
        let query = (
            "paths are compared without their query", "ask for the query in \"queryParams\", beside \"uri\""
        )
        if test == "regex" {
            guard object.patterns.problem(text) == nil, PatternShape(text).needs(UInt8(ascii: "?")) else {
                return nil
            }
            return query
        }
        guard test == "exact" || test == "prefix" else { return nil }
        if text.utf8.contains(UInt8(ascii: "?")) { return query }
        if text.utf8.contains(UInt8(ascii: "#")) {
            return ("clients keep what follows a \"#\" to themselves", "leave the \"#\" and what follows out")
        }
        if !text.utf8.starts(with: [UInt8(ascii: "/")]) {
            // The target of OPTIONS that is for the server as a whole.
            return test == "exact" && text == "*"
                ? nil : ("paths begin with \"/\"", "begin it with \"/\"")
        }
        let segments = text.split(separator: "/", omittingEmptySubsequences: false)
        let whole = test == "exact" ? segments[...] : segments.dropLast()
        guard whole.contains(where: { $0 == "." || $0 == ".." }) else { return nil }
        return ("dot segments are resolved before", "write the path that is left without them")
    }
}

extension PatternShape {
    /// Whether each matching text has a character.
    fileprivate func needs(_ byte: UInt8) -> Bool {
        guard !pieces.contains(where: { $0.atom == .alternative || $0.atom == .mark }) else { return false }
        return pieces.contains { $0.atom == .character(byte) && !$0.isOptional }
    }
}
