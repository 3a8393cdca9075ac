// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A regular expression looks as if it were searched for inside of the value, but has to match all of it: a `cookie` that
/// leaves no room for other cookies, a word of a user agent, an anchor at one end only, a path that does not begin with a
/// slash. A pattern with nothing but plain characters does what `exact` does, which is information only.
enum RegexSubstringRule: ObjectRule {
    static let code = RuleCode("CAN1105")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.virtualService]

    private struct Problem {
        var message: String
        var hint: String
        var severity = Severity.warning
    }

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        guard object.hasPatterns else { return }
        for match in object.httpMatches {
            add(match["uri"]?["regex"], object, &report) { problem(ofPath: $0, $1) }
            for (name, value) in (match["headers"]?.entries ?? []) + (match["withoutHeaders"]?.entries ?? [])
            {
                add(value["regex"], object, &report) { problem(ofHeader: name.lowercased(), $0, $1) }
            }
            for (_, value) in match["queryParams"]?.entries ?? [] {
                add(value["regex"], object, &report) { problem(ofValue: $0, $1) }
            }
        }
    }

    private static func add(
        _ place: Located?,
        _ object: CheckedObject,
        _ report: inout RuleReport,
        _ judge: (String, PatternShape) -> Problem?
    ) {
        guard let place, let pattern = place.string, object.patterns.problem(pattern) == nil else { return }
        let shape = PatternShape(pattern)
        // Whoever writes both anchors knows that the whole value counts.
        guard !shape.isAnchoredAtStart || !shape.isAnchoredAtEnd, let problem = judge(pattern, shape) else {
            return
        }
        report.add(at: place, problem.message, hint: problem.hint, severity: problem.severity)
    }

    private static func problem(ofPath pattern: String, _ shape: PatternShape) -> Problem? {
        if let first = shape.firstCharacter, first != UInt8(ascii: "/") {
            return Problem(
                message:
                    "no path matches \"\(pattern)\": paths begin with \"/\", and the whole path has to match",
                hint: "begin the expression with \"/\", or with \".*\""
            )
        }
        return problem(ofValue: pattern, shape)
    }

    private static func problem(ofHeader name: String, _ pattern: String, _ shape: PatternShape) -> Problem? {
        if name == "cookie", !shape.takesLists {
            return Problem(
                message:
                    "\"\(pattern)\" has to match the whole header: a client that sends another cookie too "
                    + "does not match",
                hint: "write \"^(.*?;)?\\s*(\(inner(pattern, shape)))(;.*)?$\""
            )
        }
        if name == "user-agent", shape.isWords {
            return Problem(
                message: "\"\(pattern)\" has to match the whole header, and user agents are longer than that",
                hint: "write \".*(\(inner(pattern, shape))).*\""
            )
        }
        return problem(ofValue: pattern, shape)
    }

    private static func problem(ofValue pattern: String, _ shape: PatternShape) -> Problem? {
        guard let text = shape.literal else { return nil }
        let inner = inner(pattern, shape)
        if shape.isAnchoredAtStart || shape.isAnchoredAtEnd {
            let open = shape.isAnchoredAtStart ? "\(inner).*" : ".*\(inner)"
            return Problem(
                message: "\"\(pattern)\" has to match the whole value: only \"\(text)\" itself does",
                hint:
                    "write \"\(open)\" if more may \(shape.isAnchoredAtStart ? "follow" : "stand before it")"
            )
        }
        return Problem(
            message: "\"\(pattern)\" has to match the whole value: only \"\(text)\" itself does",
            hint: "write \".*\(inner).*\" if it may stand inside of the value, else \"exact\"",
            severity: .info
        )
    }

    /// The pattern without an anchor: `^`, `$`, `\A`, `\z`.
    private static func inner(_ pattern: String, _ shape: PatternShape) -> String {
        let start = shape.isAnchoredAtStart ? pattern.hasPrefix("^") ? 1 : 2 : 0
        let end = shape.isAnchoredAtEnd ? pattern.hasSuffix("$") ? 1 : 2 : 0
        return String(pattern.dropFirst(start).dropLast(end))
    }
}
