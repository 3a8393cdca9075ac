// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A regular expression is empty, longer than 1024 bytes, or not in RE2's syntax, which has no look-ahead and no
/// back-references.
enum RegexInvalidRule: ObjectRule {
    static let code = RuleCode("CAN0222", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.virtualService, .rollout]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for match in object.httpMatches {
            for key in ["uri", "scheme", "method", "authority"] {
                check(match[key]?["regex"], object.patterns, &report)
            }
            for key in ["headers", "queryParams"] {
                for (_, value) in match[key]?.entries ?? [] {
                    check(value["regex"], object.patterns, &report)
                }
            }
            for (_, value) in match["withoutHeaders"]?.entries ?? [] where value["regex"]?.string != "*" {
                check(value["regex"], object.patterns, &report)
            }
        }
        for route in object.httpRoutes {
            let regex = route["rewrite"]?["uriRegexRewrite"]?["match"]
            if regex?.string != "" { check(regex, object.patterns, &report) }
            for origin in route["corsPolicy"]?["allowOrigins"]?.items ?? [] {
                check(origin["regex"], object.patterns, &report)
            }
        }
    }

    private static func check(_ regex: Located?, _ patterns: PatternProblems, _ report: inout RuleReport) {
        guard let regex, let pattern = regex.string, let problem = patterns.problem(pattern) else {
            return
        }
        report.add(
            at: regex,
            "\"\(pattern)\" is not a regular expression: \(problem)",
            hint: "the syntax is RE2's: https://github.com/google/re2/wiki/Syntax"
        )
    }
}
