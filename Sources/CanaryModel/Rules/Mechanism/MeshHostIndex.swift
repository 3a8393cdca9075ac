// SPDX-License-Identifier: Apache-2.0

/// The hosts that VirtualServices claim inside the mesh, and for which namespaces.
struct MeshHostIndex {
    private struct Claim {
        var resource: Resource
        var host: String
        /// The namespaces that see it; empty means all.
        var scopes: Set<String>
    }

    private var claims: [String: [Claim]] = [:]
    private var wildcards: Set<String> = []
    /// The claimed hosts below a wildcard.
    private var covered: [String: [String]] = [:]

    /// `virtualServices` are oldest first.
    init(_ virtualServices: [Resource]) {
        for resource in virtualServices {
            for claim in Self.claims(of: resource) { claims[claim.host, default: []].append(claim) }
        }
        wildcards = Set(claims.keys.filter(HostName.isWildcard))
        for host in claims.keys.sorted() {
            for pattern in wildcards(above: host) { covered[pattern, default: []].append(host) }
        }
    }

    /// The claimed wildcards that cover a host, most often none.
    private func wildcards(above host: String) -> [String] {
        guard !wildcards.isEmpty else { return [] }
        return HostName.patterns(covering: host).dropFirst().filter(wildcards.contains)
    }

    private static func claims(of resource: Resource) -> [Claim] {
        guard let spec = resource.virtualService, spec.boundGateways.contains(VirtualService.mesh) else {
            return []
        }
        let scopes =
            spec.exportTo.contains("*")
            ? [] : Set(spec.exportTo.map { $0 == "." ? resource.namespace : $0 })
        let hosts = Set(spec.hosts.map { HostName.resolve($0, namespace: resource.namespace) })
        return hosts.map { Claim(resource: resource, host: $0, scopes: scopes) }
    }

    /// Whether some VirtualService inside the mesh has a host among its own, be it by a wildcard.
    func isClaimed(_ host: String) -> Bool {
        HostName.patterns(covering: host).contains { claims[$0] != nil }
    }

    /// The other VirtualServices that claim a host for a namespace that also sees `resource`, oldest first. A claim for
    /// some namespaces collides with one for all of them also where only patterns overlap, as istioctl has it.
    func rivals(of resource: Resource, host: String) -> [Resource] {
        guard let own = Self.claims(of: resource).first(where: { $0.host == host }) else { return [] }
        var found: [ResourceKey: Resource] = [:]
        for claim in claims[host] ?? [] where claim.resource.key != resource.key {
            guard own.scopes.isEmpty || claim.scopes.isEmpty || !own.scopes.isDisjoint(with: claim.scopes)
            else { continue }
            found[claim.resource.key] = claim.resource
            // One is enough to report, and many of one host would make this quadratic.
            if found.count >= 8 { break }
        }
        let overlapping = wildcards(above: host) + (covered[host] ?? []).prefix(64)
        for claim in overlapping.lazy.flatMap({ claims[$0] ?? [] }).prefix(64)
        where claim.resource.key != resource.key && claim.scopes.isEmpty != own.scopes.isEmpty {
            found[claim.resource.key] = claim.resource
        }
        return found.values.sorted(by: Resource.isOlder)
    }
}
