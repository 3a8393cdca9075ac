// SPDX-License-Identifier: Apache-2.0

extension Resource {
    /// Where a lost VirtualService sends everything: nobody can have this name (RFC 6761).
    package static let damagedHost = "damaged.invalid"

    /// What stands for an object whose stored text cannot be read, made from the index tokens that it had.
    ///
    /// Nobody knows any more what it allowed, so that it allows nothing: a VirtualService has its hosts, as a delegate what is
    /// delegated to it, answered with 503, and a DestinationRule leaves its host without endpoints. Without them a Service's own
    /// route, or subsets by label, would send a canary more than it was given.
    package static func standIn(for key: ResourceKey, tokens: [String], stored: StoredMeta?) -> Resource {
        let found = TokenValues(tokens)
        var body = Node.mapping(["kind": .string(key.kind.rawValue)])
        body.set(.string(key.name), at: "metadata", "name")
        switch key.kind {
        case .virtualService:
            // Which of them are of a route alone, and whether it was for the mesh, is lost too.
            let gateways = [VirtualService.mesh] + found["gateway"]
            body.set(.sequence(found["host"].map { .string($0) }), at: "spec", "hosts")
            body.set(.sequence(gateways.map { .string($0) }), at: "spec", "gateways")
            body.set(.sequence([nowhere]), at: "spec", "http")
            body.set(.sequence([nowhere]), at: "spec", "tcp")
        case .destinationRule:
            if let host = found["rule"].first { body.set(.string(host), at: "spec", "host") }
        default: break
        }
        return Resource(damaged: key, body: body, stored: stored)
    }

    private static var nowhere: Node {
        .mapping([
            "name": .string("damaged"),
            "route": .sequence([.mapping(["destination": .mapping(["host": .string(damagedHost)])])]),
        ])
    }
}

/// Index tokens taken apart: the values of each aspect, in order.
private struct TokenValues {
    private var values: [Substring: [String]] = [:]

    init(_ tokens: [String]) {
        for token in tokens.sorted() {
            guard let colon = token.firstIndex(of: ":") else { continue }
            values[token[..<colon], default: []].append(String(token[token.index(after: colon)...]))
        }
    }

    subscript(aspect: Substring) -> [String] { values[aspect] ?? [] }
}
