// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources

/// A rewrite replaces just the part of the path that the prefix matched, and the seam is wrong: `/` for `/api` makes `//users` of
/// `/api/users`, and `/v2` for `/api/` makes `/v2users`. Without a condition on `uri` the slash at the beginning is what is
/// replaced, so that `/v2` makes `/v2users` of `/users`. In a delegate the prefix may be the delegating route's.
enum RewriteSeamRule: ReferenceRule {
    static let code = RuleCode("CAN1126")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        let isDelegate = object.resource.virtualService?.isDelegate ?? false
        for (index, route) in object.httpRoutes.enumerated() {
            let places = [route["rewrite"]?["uri"], route["redirect"]?["prefixRewrite"]].compactMap(\.self)
            guard places.contains(where: { $0.string?.isEmpty == false }) else { continue }
            let lists =
                isDelegate
                ? prefixesInForce(of: index, of: object.resource, cluster)
                : [prefixes(of: object.resource.virtualService?.http ?? [], index)]
            for place in places {
                guard let text = place.string, !text.isEmpty else { continue }
                let wrong = lists.lazy.compactMap { list -> String? in
                    let positions = Dictionary(zip(list, list.indices)) { first, _ in first }
                    return list.first { !fits($0, text, positions) }
                }
                guard let prefix = wrong.first else { continue }
                add(prefix, text, isInherited: isDelegate && route["match"] == nil, at: place, &report)
            }
        }
    }

    /// What a route of a delegate matches by prefix: by itself, and below each route that delegates to it.
    private static func prefixesInForce(of index: Int, of delegate: Resource, _ cluster: ClusterView)
        -> [[String]]
    {
        let own = delegate.virtualService?.http ?? []
        guard own.indices.contains(index) else { return [] }
        let asksForPath = !own[index].matches.isEmpty && own[index].matches.allSatisfy { $0.uri != nil }
        if asksForPath { return [prefixes(of: own[index].matches)] }
        let roots = cluster.snapshot.resources(
            with: .delegate(delegate.name, namespace: delegate.namespace)
        )
        return roots.flatMap { cluster.snapshot.effectiveRoutes(of: $0) }
            .filter { $0.source.key == delegate.key && $0.sourceIndex == index }
            .map { prefixes(of: $0.route.matches) }
    }

    private static func prefixes(of routes: [HTTPRoute], _ index: Int) -> [String] {
        routes.indices.contains(index) ? prefixes(of: routes[index].matches) : []
    }

    /// What the blocks match by prefix, in order.
    private static func prefixes(of matches: [HTTPMatch]) -> [String] {
        guard !matches.isEmpty else { return ["/"] }
        return matches.compactMap { match in
            switch match.uri {
            case nil: "/"
            case .prefix(let prefix): prefix.isEmpty ? nil : prefix
            default: nil
            }
        }
    }

    private static func fits(_ prefix: String, _ text: String, _ positions: [String: Int]) -> Bool {
        guard prefix.hasSuffix("/") != text.hasSuffix("/") else { return true }
        // A block for the prefix with its slash, before, leaves only the path without one.
        guard !prefix.hasSuffix("/"), let index = positions[prefix], let slashed = positions[prefix + "/"]
        else { return false }
        return slashed < index
    }

    private static func add(
        _ prefix: String,
        _ text: String,
        isInherited: Bool,
        at place: Located,
        _ report: inout RuleReport
    ) {
        let slash = prefix.hasSuffix("/") ? "" : "/"
        report.add(
            at: place,
            "\"\(prefix)\" is replaced by \"\(text)\", so that \"\(prefix)\(slash)users\" becomes "
                + "\"\(text)\(slash)users\"",
            hint: slash.isEmpty
                ? "write \"\(text)/\""
                : "put a match with the prefix \"\(prefix)/\" before the one with \"\(prefix)\""
                    + (isInherited ? ", in the route that delegates" : "")
        )
    }
}
