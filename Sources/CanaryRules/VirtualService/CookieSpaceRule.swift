// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources

/// A regular expression for the header `cookie` looks for one cookie after a semicolon, but has no room for the space that
/// clients write there: `^(.*?;)?(user=jason)(;.*)?$` finds the cookie only where it is the first one. RFC 6265 separates
/// cookies by a semicolon and a space. It is told where the manifests know of a second cookie: another condition or the
/// DestinationRule of a destination names it, or an answer sets it.
enum CookieSpaceRule: ReferenceRule {
    static let code = RuleCode("CAN1122")
    static let severity = Severity.info
    static let kinds: Set<ResourceKind> = [.virtualService]

    /// How expressions begin that allow for other cookies before.
    private static let beginnings = ["^(.*?;)?", "^(.*;)?", "^(?:.*?;)?", "^(?:.*;)?"]

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        guard object.hasPatterns else { return }
        let conditions = object.httpMatches.flatMap(cookieConditions)
        let suspects = conditions.compactMap { suspect($0, object) }
        guard !suspects.isEmpty, KnownCookies(conditions, object, cluster).areSeveral else { return }
        for (place, beginning, rest) in suspects {
            report.add(
                at: place,
                "\"\(beginning)\(rest)\" finds the cookie only where it is the first one: clients write \"; \" between "
                    + "cookies, and the space is not allowed for",
                // A blank and no `\s`: a backslash would have to be doubled between YAML's double quotes.
                hint: "write \"\(beginning) *\(rest)\""
            )
        }
    }

    private static func cookieConditions(_ match: Located) -> [Located] {
        [match["headers"], match["withoutHeaders"]].compactMap(\.self).flatMap { headers in
            headers.entries.filter { $0.key.lowercased() == "cookie" }.map(\.value)
        }
    }

    /// The expression of a condition, in two parts, where it leaves no room for the space.
    private static func suspect(_ condition: Located, _ object: CheckedObject)
        -> (place: Located, beginning: String, rest: Substring)?
    {
        guard let place = condition["regex"], let pattern = place.string,
            object.patterns.problem(pattern) == nil,
            let beginning = beginnings.first(where: pattern.hasPrefix)
        else { return nil }
        let rest = pattern.dropFirst(beginning.count)
        // Only what plainly begins with the cookie's name is judged.
        guard let first = rest.first(where: { $0 != "(" }), first.isLetter || first.isNumber || first == "_"
        else { return nil }
        return (place, beginning, rest)
    }
}

/// The names of the cookies that a VirtualService's clients have, as far as manifests tell.
private struct KnownCookies {
    private var names: Set<String> = []

    var areSeveral: Bool { names.count > 1 }

    init(_ conditions: [Located], _ object: CheckedObject, _ cluster: ClusterView) {
        for text in conditions.flatMap({ $0.entries.compactMap(\.value.string) }) { add(text) }
        for (operations, isRequest) in object.headerOperations where !isRequest {
            for change in [operations["set"], operations["add"]].compactMap(\.self) {
                for (name, value) in change.entries where name.lowercased() == "set-cookie" {
                    // Its attributes come after the first semicolon.
                    add(String((value.string ?? "").prefix { $0 != ";" }))
                }
            }
        }
        guard cluster.references.hasHashKeys else { return }
        for use in cluster.destinations(of: object) {
            guard case .cookie(let cookie)? = use.resolved.policy.trafficPolicy?.hashKey else { continue }
            names.insert(cookie.name)
        }
    }

    /// Every name that stands before an equals sign.
    private mutating func add(_ text: String) {
        for part in text.split(separator: "=", omittingEmptySubsequences: false).dropLast() {
            let name = part.reversed().prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" }
            if !name.isEmpty { names.insert(String(name.reversed())) }
        }
    }
}
