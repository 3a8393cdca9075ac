// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// Compiles match blocks.
package struct MatchCompiler {
    let arena: RoutingArena

    package init(arena: RoutingArena) {
        self.arena = arena
    }

    /// The conditions that a request is asked for: not port, gateways and source, which the caller has decided.
    package func conditions(_ match: HTTPMatch) -> [MatchCondition] {
        var conditions: [MatchCondition] = []
        if let uri = match.uri, let condition = path(uri, ignoresCase: match.ignoreURICase) {
            conditions.append(condition)
        }
        let texts: [(MatchCondition.Subject, StringMatch?)] = [
            (.method, match.method), (.scheme, match.scheme), (.authority, match.authority),
        ]
        for (subject, text) in texts {
            if let text, text != .present { conditions.append(condition(subject, text)) }
        }
        conditions += headers(match.headers, isInverted: false)
        conditions += headers(match.withoutHeaders, isInverted: true)
        for (name, value) in match.queryParams.sorted(by: { $0.key < $1.key }) {
            conditions.append(condition(.query, value, name: name))
        }
        // Regular expressions last: they cost the most, and the order changes nothing else.
        return conditions.filter { $0.test != .regex } + conditions.filter { $0.test == .regex }
    }

    /// How much of the path a rewrite replaces: what a prefix matched, a single slash without a condition, else (-1) all.
    static func matchedPrefix(_ uri: StringMatch?) -> Int {
        switch uri {
        case nil, .present: 1
        case .prefix(let prefix): prefix.utf8.count
        case .exact, .regex: -1
        }
    }

    /// `nil` for what every path fulfils.
    private func path(_ uri: StringMatch, ignoresCase: Bool) -> MatchCondition? {
        switch uri {
        case .present, .prefix(""), .prefix("/"), .regex(".*"): return nil
        case .regex: return condition(.path, uri)
        case .exact, .prefix:
            var condition = condition(.path, uri)
            condition.ignoresCase = ignoresCase
            return condition
        }
    }

    private func headers(_ headers: [String: StringMatch], isInverted: Bool) -> [MatchCondition] {
        headers.sorted { $0.key < $1.key }.map { key, value in
            let name = key.lowercased()
            let test = value == .regex("*") ? .present : value
            var condition =
                switch name {
                case ":path": condition(.target, test)
                case ":method": condition(.method, test)
                case ":scheme": condition(.scheme, test)
                case ":authority", "host": condition(.authority, test)
                default: condition(.header, test, name: name)
                }
            condition.isInverted = isInverted
            return condition
        }
    }

    func condition(_ subject: MatchCondition.Subject, _ match: StringMatch, name: String = "")
        -> MatchCondition
    {
        var condition = unsafe MatchCondition(subject: subject, test: .present)
        if !name.isEmpty { condition.name = arena.store(name) }
        switch match {
        case .present: break
        case .exact(let text): (condition.test, condition.value) = (.exact, arena.store(text))
        case .prefix(let text): (condition.test, condition.value) = (.prefix, arena.store(text))
        case .regex(let pattern):
            (condition.test, condition.value) = (.regex, arena.store(pattern))
            unsafe condition.regex = unsafe arena.compile(pattern)
        }
        return condition
    }
}
