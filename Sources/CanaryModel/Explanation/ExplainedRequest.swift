// SPDX-License-Identifier: Apache-2.0

/// A request as a person describes it, to be explained instead of sent.
package struct ExplainedRequest: Sendable {
    package struct Header: Sendable {
        package var name: String
        package var value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    package var method: String
    /// `http` or `https`.
    package var scheme: String
    /// With the port if one was given.
    package var authority: String
    /// As written; it is normalised as the proxy does before anything is compared.
    package var path: String
    /// Without the question mark; `nil` where there is none.
    package var query: String?
    package var headers: [Header]

    package init(
        method: String,
        scheme: String,
        authority: String,
        path: String,
        query: String?,
        headers: [Header]
    ) {
        self.method = method
        self.scheme = scheme
        self.authority = authority
        self.path = path
        self.query = query
        self.headers = headers
    }

    /// The authority without its port.
    package var host: String {
        withExtendedLifetime(RoutingArena()) { arena in Authority.split(arena.store(authority)).host.text }
    }

    /// What the routing table compares. The slices are valid while the arena is kept.
    func facts(in arena: RoutingArena) -> RequestFacts {
        var facts = RequestFacts()
        facts.method = arena.store(method)
        facts.scheme = arena.store(scheme)
        facts.authority = arena.store(authority)
        facts.path = arena.store(bytes: Self.normalized(path))
        if let query { facts.query = arena.store(query) }
        facts.headers = arena.store(
            headers.map { RequestHeader(name: arena.store($0.name), value: arena.store($0.value)) }
        )
        return facts
    }

    private static func normalized(_ path: String) -> [UInt8] {
        var bytes = Array(path.utf8)
        let count = bytes.withUnsafeMutableBufferPointer { PathNormalization.normalize($0) }
        return Array(bytes.prefix(count ?? bytes.count))
    }
}
