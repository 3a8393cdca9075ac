// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// The hosts that VirtualServices claim inside the mesh, and for which namespaces.
struct MeshHostIndex {
    private struct Claim {
        var resource: Resource
        var host: String
        /// The namespaces that see it; empty means all.
        var scopes: Set<String>
    }

    private var claims: [String: [Claim]] = [:]
    /// The positions of a host's claims by the namespaces that see them, empty for all; only of hosts with many.
    private var positions: [String: [String: [Int]]] = [:]
    private var wildcards: Set<String> = []
    /// The claimed hosts below a wildcard.
    private var covered: [String: [String]] = [:]

    /// One rival is enough to report, and many of one host would make this quadratic.
    private static let mostRivals = 8

    /// `virtualServices` are oldest first.
    init(_ virtualServices: [Resource]) {
        for resource in virtualServices {
            for claim in Self.claims(of: resource) { claims[claim.host, default: []].append(claim) }
        }
        positions = claims.filter { $0.value.count > 2 * Self.mostRivals }.mapValues(Self.positions)
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
        guard let spec = resource.virtualService, let scopes = scopes(of: resource) else { return [] }
        let hosts = Set(spec.hosts.map { HostName.resolve($0, namespace: resource.namespace) })
        return hosts.map { Claim(resource: resource, host: $0, scopes: scopes) }
    }

    /// The namespaces that see a VirtualService, empty for all; `nil` for one outside the mesh.
    private static func scopes(of resource: Resource) -> Set<String>? {
        guard let spec = resource.virtualService, spec.boundGateways.contains(VirtualService.mesh) else {
            return nil
        }
        return spec.exportTo.contains("*")
            ? [] : Set(spec.exportTo.map { $0 == "." ? resource.namespace : $0 })
    }

    private static func positions(_ claims: [Claim]) -> [String: [Int]] {
        var positions: [String: [Int]] = [:]
        for (position, claim) in claims.enumerated() {
            for scope in claim.scopes.isEmpty ? [""] : claim.scopes {
                positions[scope, default: []].append(position)
            }
        }
        return positions
    }

    /// The oldest claims for a host that a claim for some namespaces can collide with, its own among them.
    private func candidates(_ host: String, _ scopes: Set<String>) -> [Claim] {
        let all = claims[host] ?? []
        guard !scopes.isEmpty, let positions = positions[host] else { return all }
        let found = (scopes.union([""])).flatMap { (positions[$0] ?? []).prefix(Self.mostRivals + 1) }
        return Set(found).sorted().map { all[$0] }
    }

    /// Whether some VirtualService inside the mesh has a host among its own, be it by a wildcard.
    func isClaimed(_ host: String) -> Bool {
        HostName.patterns(covering: host).contains { claims[$0] != nil }
    }

    /// The other VirtualServices that claim a host of `resource` for a namespace that also sees that, oldest first. A claim for
    /// some namespaces collides with one for all of them also where only patterns overlap, as istioctl has it.
    func rivals(of resource: Resource, host: String) -> [Resource] {
        guard let scopes = Self.scopes(of: resource) else { return [] }
        var found: [ResourceKey: Resource] = [:]
        for claim in candidates(host, scopes) where claim.resource.key != resource.key {
            guard scopes.isEmpty || claim.scopes.isEmpty || !scopes.isDisjoint(with: claim.scopes) else {
                continue
            }
            found[claim.resource.key] = claim.resource
            if found.count >= Self.mostRivals { break }
        }
        let overlapping = wildcards(above: host) + (covered[host] ?? []).prefix(64)
        for claim in overlapping.lazy.flatMap({ claims[$0] ?? [] }).prefix(64)
        where claim.resource.key != resource.key && claim.scopes.isEmpty != scopes.isEmpty {
            found[claim.resource.key] = claim.resource
        }
        return found.values.sorted(by: Resource.isOlder)
    }
}
