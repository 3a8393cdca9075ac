// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A regular expression for the header `cookie` looks for one cookie after a semicolon, but has no room for the space that
/// clients write there: `^(.*?;)?(user=jason)(;.*)?$` finds the cookie only where it is the first one. RFC 6265 separates
/// cookies by a semicolon and a space.
enum CookieSpaceRule: ObjectRule {
    static let code = RuleCode("CAN1122")
    static let severity = Severity.info
    static let kinds: Set<ResourceKind> = [.virtualService]

    /// How expressions begin that allow for other cookies before.
    private static let beginnings = ["^(.*?;)?", "^(.*;)?", "^(?:.*?;)?", "^(?:.*;)?"]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        guard object.hasPatterns else { return }
        for match in object.httpMatches {
            for (name, value) in (match["headers"]?.entries ?? []) + (match["withoutHeaders"]?.entries ?? [])
            where name.lowercased() == "cookie" {
                guard let place = value["regex"], let pattern = place.string,
                    object.patterns.problem(pattern) == nil,
                    let beginning = beginnings.first(where: pattern.hasPrefix)
                else { continue }
                let rest = pattern.dropFirst(beginning.count)
                // Only what plainly begins with the cookie's name is judged.
                guard let first = rest.first(where: { $0 != "(" }),
                    first.isLetter || first.isNumber || first == "_"
                else { continue }
                report.add(
                    at: place,
                    "\"\(pattern)\" finds the cookie only where it is the first one: clients write \"; \" between "
                        + "cookies, and the space is not allowed for",
                    // A blank and no `\s`: a backslash would have to be doubled between YAML's double quotes.
                    hint: "write \"\(beginning) *\(rest)\""
                )
            }
        }
    }
}
