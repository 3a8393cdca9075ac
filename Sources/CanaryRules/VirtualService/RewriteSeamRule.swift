// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A rewrite replaces just the part of the path that the prefix matched, and the seam is wrong: `/` for `/api` makes `//users` of
/// `/api/users`, and `/v2` for `/api/` makes `/v2users`. Without a condition on `uri` the slash at the beginning is what is
/// replaced, so that `/v2` makes `/v2users` of `/users`.
enum RewriteSeamRule: ObjectRule {
    static let code = RuleCode("CAN1126")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        let isDelegate = object.resource.virtualService?.isDelegate ?? false
        for route in object.httpRoutes {
            let places = [route["rewrite"]?["uri"], route["redirect"]?["prefixRewrite"]].compactMap(\.self)
            for place in places {
                guard let text = place.string, !text.isEmpty else { continue }
                let matches = (route["match"]?.items ?? []).filter { !$0.isNull }
                // What a delegate without conditions takes is its delegating route's affair.
                guard !matches.isEmpty || !isDelegate else { continue }
                let prefixes = matches.isEmpty ? ["/"] : prefixes(of: matches, isDelegate)
                let positions = Dictionary(zip(prefixes, prefixes.indices)) { first, _ in first }
                guard let prefix = prefixes.first(where: { !fits($0, text, positions) }) else { continue }
                add(prefix, text, at: place, &report)
            }
        }
    }

    /// What the blocks match by prefix, in order.
    private static func prefixes(of matches: [Located], _ isDelegate: Bool) -> [String] {
        matches.compactMap { match in
            guard let uri = match["uri"] else { return isDelegate ? nil : "/" }
            return uri["prefix"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        }
    }

    private static func fits(_ prefix: String, _ text: String, _ positions: [String: Int]) -> Bool {
        guard prefix.hasSuffix("/") != text.hasSuffix("/") else { return true }
        // A block for the prefix with its slash, before, leaves only the path without one.
        guard !prefix.hasSuffix("/"), let index = positions[prefix], let slashed = positions[prefix + "/"]
        else { return false }
        return slashed < index
    }

    private static func add(_ prefix: String, _ text: String, at place: Located, _ report: inout RuleReport) {
        if prefix.hasSuffix("/") {
            report.add(
                at: place,
                "\"\(prefix)\" is replaced by \"\(text)\", so that \"\(prefix)users\" becomes \"\(text)users\"",
                hint: "write \"\(text)/\""
            )
        } else {
            report.add(
                at: place,
                "\"\(prefix)\" is replaced by \"\(text)\", so that \"\(prefix)/users\" becomes \"\(text)/users\"",
                hint: "put a match with the prefix \"\(prefix)/\" before the one with \"\(prefix)\""
            )
        }
    }
}
