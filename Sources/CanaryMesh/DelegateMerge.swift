// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// Puts a delegate's route under the route that delegates to it, as istiod's `mergeHTTPRoute`.
enum DelegateMerge {
    /// The delegate's route narrowed to what the delegating route lets through; `nil` where one of its match blocks fits
    /// none of the delegating route's.
    static func merge(_ root: HTTPRoute, _ leaf: HTTPRoute) -> HTTPRoute? {
        guard let matches = merge(root.matches, leaf.matches) else { return nil }
        var merged = leaf
        merged.matches = matches
        merged.name = join(root.name, leaf.name)
        merged.rewrite = leaf.rewrite ?? root.rewrite
        merged.timeout = leaf.timeout ?? root.timeout
        merged.retries = leaf.retries ?? root.retries
        merged.fault = leaf.fault ?? root.fault
        merged.mirror = leaf.mirror ?? root.mirror
        merged.mirrorPercentage = leaf.mirrorPercentage ?? root.mirrorPercentage
        if leaf.mirrors.isEmpty { merged.mirrors = root.mirrors }
        merged.corsPolicy = leaf.corsPolicy ?? root.corsPolicy
        if leaf.headers.request.isEmpty, leaf.headers.response.isEmpty { merged.headers = root.headers }
        return merged
    }

    private static func join(_ root: String, _ leaf: String) -> String {
        root.isEmpty || leaf.isEmpty ? root + leaf : "\(root)-\(leaf)"
    }

    private static func merge(_ roots: [HTTPMatch], _ leaves: [HTTPMatch]) -> [HTTPMatch]? {
        guard !roots.isEmpty else { return leaves }
        guard !leaves.isEmpty else { return roots }
        var merged: [HTTPMatch] = []
        for leaf in leaves {
            let fitting = roots.filter { !conflict($0, leaf) }
            guard !fitting.isEmpty else { return nil }
            merged += fitting.map { merge($0, leaf) }
        }
        return merged
    }

    private static func merge(_ root: HTTPMatch, _ leaf: HTTPMatch) -> HTTPMatch {
        var merged = leaf
        merged.name = join(root.name, leaf.name)
        merged.uri = leaf.uri ?? root.uri
        merged.scheme = leaf.scheme ?? root.scheme
        merged.method = leaf.method ?? root.method
        merged.authority = leaf.authority ?? root.authority
        merged.headers = root.headers.merging(leaf.headers) { $1 }
        merged.withoutHeaders = root.withoutHeaders.merging(leaf.withoutHeaders) { $1 }
        merged.queryParams = root.queryParams.merging(leaf.queryParams) { $1 }
        merged.port = leaf.port ?? root.port
        merged.sourceLabels = root.sourceLabels.merging(leaf.sourceLabels) { $1 }
        merged.sourceNamespace = leaf.sourceNamespace ?? root.sourceNamespace
        if leaf.gateways.isEmpty { merged.gateways = root.gateways }
        return merged
    }

    static func conflict(_ root: HTTPMatch, _ leaf: HTTPMatch) -> Bool {
        conflict(root.uri, leaf.uri) || conflict(root.scheme, leaf.scheme)
            || conflict(root.method, leaf.method) || conflict(root.authority, leaf.authority)
            || conflict(root.headers, leaf.headers) || conflict(root.withoutHeaders, leaf.withoutHeaders)
            || conflict(root.queryParams, leaf.queryParams)
            || root.ignoreURICase != leaf.ignoreURICase
            || differ(root.port, leaf.port) || differ(root.sourceNamespace, leaf.sourceNamespace)
            || leaf.sourceLabels.contains { differ(root.sourceLabels[$0.key], $0.value) }
            || !(root.gateways.isEmpty || Set(leaf.gateways).isSubset(of: root.gateways))
    }

    private static func conflict(_ roots: [String: StringMatch], _ leaves: [String: StringMatch]) -> Bool {
        leaves.contains { conflict(roots[$0.key], $0.value) }
    }

    /// A delegate may repeat a value or narrow a prefix; regular expressions can't be compared.
    private static func conflict(_ root: StringMatch?, _ leaf: StringMatch?) -> Bool {
        guard let root, let leaf else { return false }
        return switch (root, leaf) {
        case (.exact(let root), .exact(let leaf)): root != leaf
        case (.prefix(let root), .exact(let leaf)), (.prefix(let root), .prefix(let leaf)):
            !leaf.utf8.starts(with: root.utf8)
        default: true
        }
    }

    private static func differ<Value: Equatable>(_ root: Value?, _ leaf: Value?) -> Bool {
        guard let root, let leaf else { return false }
        return root != leaf
    }
}
