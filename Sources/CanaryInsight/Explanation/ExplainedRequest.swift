// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
package import CanaryResources
import CanaryRouting

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
    /// `http` or `https`; `tcp` for a connection that is no request.
    package var scheme: String
    /// With the port if one was given.
    package var authority: String
    /// As written; it is normalised as the proxy does before anything is compared.
    package var path: String
    /// Without the question mark; `nil` where there is none.
    package var query: String?
    package var headers: [Header]
    /// Where the request comes in; `nil` for a client in the mesh.
    package var gateway: GatewayReference?
    /// The value of the hash key of sticky traffic, put where the DestinationRule looks for it.
    package var user: String?

    package init(
        method: String,
        scheme: String,
        authority: String,
        path: String,
        query: String?,
        headers: [Header],
        gateway: GatewayReference? = nil,
        user: String? = nil
    ) {
        self.method = method
        self.scheme = scheme
        self.authority = authority
        self.path = path
        self.query = query
        self.headers = headers
        self.gateway = gateway
        self.user = user
    }

    /// Whether it is a TCP connection, which has no method, path or headers.
    package var isConnection: Bool { scheme == "tcp" }

    /// The authority without its port.
    package var host: String {
        withExtendedLifetime(RoutingArena()) { arena in Authority.split(arena.store(authority)).host.text }
    }

    /// The authority's port, else the scheme's default.
    package var port: Int {
        let port = withExtendedLifetime(RoutingArena()) { Authority.split($0.store(authority)).port }
        return port > 0 ? Int(port) : scheme == "https" ? 443 : 80
    }

    /// The names of those headers that the proxy takes away before anything is compared (``EnvoyControl``).
    var droppedHeaders: [String] { headers.map(\.name).filter { $0.withSlice(EnvoyControl.isOne) } }

    /// What the routing table compares. The slices are valid while the arena is kept.
    func facts(in arena: RoutingArena) -> RequestFacts {
        var facts = RequestFacts()
        facts.method = arena.store(method)
        facts.scheme = arena.store(scheme)
        facts.authority = arena.store(authority)
        facts.path = arena.store(bytes: Self.normalized(path))
        if let query { facts.query = arena.store(query) }
        let passing = headers.filter { !$0.name.withSlice(EnvoyControl.isOne) }
        facts.headers = arena.store(
            passing.map { RequestHeader(name: arena.store($0.name), value: arena.store($0.value)) }
        )
        return facts
    }

    private static func normalized(_ path: String) -> [UInt8] {
        var bytes = Array(path.utf8)
        let count = unsafe bytes.withUnsafeMutableBufferPointer { unsafe PathNormalization.normalize($0) }
        return Array(bytes.prefix(count ?? bytes.count))
    }
}

extension RequestFacts {
    /// Puts the user's key where a hash key is looked for, in place of what is there.
    mutating func identify(as user: String, by key: HashKeyRecord, in arena: RoutingArena) {
        switch key.source {
        case .none: break
        case .header:
            let others = headers.filter { !$0.name.equalsIgnoringCase(key.name) }
            headers = arena.store(others + [RequestHeader(name: key.name, value: arena.store(user))])
        case .cookie:
            let cookie = RequestHeader(
                name: arena.store("cookie"),
                value: arena.store("\(key.name.text)=\(user)")
            )
            headers = arena.store([cookie] + headers)
        case .queryParameter:
            let rest = query.isEmpty ? "" : "&\(query.text)"
            query = arena.store("\(key.name.text)=\(user)\(rest)")
        case .sourceAddress: sourceAddress = arena.store(user)
        }
    }
}
