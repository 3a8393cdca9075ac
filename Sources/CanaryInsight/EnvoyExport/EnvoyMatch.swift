// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources
import CanaryRouting

/// Translates a match block: `envoy.config.route.v3.RouteMatch`.
struct EnvoyMatch {
    let entry: RouteEntry
    let port: EnvoyRequestPort

    /// `nil` for a block that takes no request: RE2 does not take one of its patterns, or it names no query parameter.
    var node: Node? {
        let isPossible = entry.conditions.allSatisfy { condition in
            unsafe (condition.test != .regex || condition.regex != nil)
                && (condition.subject != .query || !condition.name.isEmpty)
        }
        guard isPossible else { return nil }
        let path = entry.conditions.first { $0.subject == .path }
        var match = Self.path(path, matchedPrefix: entry.matchedPrefix)
        if path?.ignoresCase == true { match.set(.bool(false), at: "case_sensitive") }
        let others = entry.conditions.filter { $0.subject != .path }
        let headers = others.compactMap(Self.header) + [port.condition].compactMap(\.self)
        match.set(.repeated(headers), at: "headers")
        match.set(.repeated(others.compactMap(Self.queryParameter)), at: "query_parameters")
        return match
    }

    /// What every path fulfils is no condition, but it decides what a rewrite replaces.
    private static func path(_ condition: MatchCondition?, matchedPrefix: Int) -> Node {
        guard let condition else {
            switch matchedPrefix {
            case 0: return .message(["prefix": .string("")])
            case 1: return .message(["prefix": .string("/")])
            default: return .message(["safe_regex": .regex(".*")])
            }
        }
        let text = condition.value.text
        switch condition.test {
        case .exact: return .message(["path": .string(text)])
        case .regex: return .message(["safe_regex": .regex(text)])
        case .prefix, .present: return .message(["prefix": .string(text)])
        }
    }

    private static func header(_ condition: MatchCondition) -> Node? {
        let name: String? =
            switch condition.subject {
            case .path, .query: nil
            case .target: ":path"
            case .method: ":method"
            case .scheme: ":scheme"
            case .authority: ":authority"
            case .header: condition.name.text
            }
        guard let name else { return nil }
        let isPresence = condition.test == .present
        return .message([
            "name": .string(name),
            "present_match": isPresence ? .bool(true) : nil,
            "string_match": isPresence ? nil : .stringMatcher(condition.test, condition.value.text),
            "invert_match": condition.isInverted ? .bool(true) : nil,
            "treat_missing_header_as_empty": condition.isInverted && !isPresence ? .bool(true) : nil,
        ])
    }

    private static func queryParameter(_ condition: MatchCondition) -> Node? {
        guard condition.subject == .query else { return nil }
        let isPresence = condition.test == .present
        return .message([
            "name": .string(condition.name.text),
            "present_match": isPresence ? .bool(true) : nil,
            "string_match": isPresence ? nil : .stringMatcher(condition.test, condition.value.text),
        ])
    }
}
