// SPDX-License-Identifier: Apache-2.0

/// Where objects can be looked up: a snapshot in memory, or the store.
package protocol ResourceSource {
    func resource(_ key: ResourceKey) throws -> Resource?
    func resources(with token: IndexToken) throws -> [Resource]
    /// The keys of the objects that carry a token, in no order.
    func keys(with token: IndexToken) throws -> [ResourceKey]
}

/// All objects, or those that matter to a question, at one revision.
package struct ClusterSnapshot: Sendable {
    /// The store's revision, 0 for manifests alone.
    package var revision: Int64
    /// The store's id, by which its evidence is told from others'; empty for manifests alone.
    package var storeID = ""
    /// The addresses, `host:port`, that fail the checks which a proxy makes of its own.
    package var failingAddresses: Set<String> = []
    private var objects: [ResourceKey: Resource] = [:]
    private var keys: [IndexToken: Set<ResourceKey>] = [:]
    /// ServiceEntries by host: their tokens are those of VirtualServices too, of which one host may have thousands.
    private var entries: [String: Set<ResourceKey>] = [:]
    /// Objects with a wildcard for a host, by kind.
    private var wildcards: [ResourceKind: Int] = [:]

    package init(revision: Int64 = 0, _ resources: some Sequence<Resource> = []) {
        self.revision = revision
        insert(contentsOf: resources)
    }

    /// Every object, in no order.
    package var resources: some Collection<Resource> { objects.values }

    package var isEmpty: Bool { objects.isEmpty }

    package func resource(_ key: ResourceKey) -> Resource? { objects[key] }

    /// The objects that carry a token, oldest first.
    package func resources(with token: IndexToken) -> [Resource] {
        sorted(keys[token])
    }

    package func keys(with token: IndexToken) -> [ResourceKey] { Array(keys[token] ?? []) }

    /// The ServiceEntries that list a host or pattern, oldest first.
    package func serviceEntries(of host: String) -> [Resource] { sorted(entries[host]) }

    private func sorted(_ keys: Set<ResourceKey>?) -> [Resource] {
        guard let keys else { return [] }
        let resources = keys.compactMap { objects[$0] }
        return resources.count > 1 ? resources.sorted(by: Resource.isOlder) : resources
    }

    /// How many objects carry a token.
    package func count(with token: IndexToken) -> Int { keys[token]?.count ?? 0 }

    /// The objects of a kind, oldest first.
    package func resources(of kind: ResourceKind, namespace: String? = nil) -> [Resource] {
        objects.values
            .filter { $0.kind == kind && (namespace == nil || $0.namespace == namespace) }
            .sorted(by: Resource.isOlder)
    }

    /// Adds an object, or replaces the one of the same key.
    package mutating func insert(_ resource: Resource) {
        if let old = objects.updateValue(resource, forKey: resource.key) { removeTokens(of: old) }
        for token in resource.indexTokens { keys[token, default: []].insert(resource.key) }
        for host in resource.entryHosts { entries[host, default: []].insert(resource.key) }
        if resource.hasWildcardHost { wildcards[resource.kind, default: 0] += 1 }
    }

    /// The names under which objects of a kind may define a host, the most specific first: itself, and the patterns that cover
    /// it where any object has a pattern.
    package func names(covering host: String, of kind: ResourceKind) -> [String] {
        wildcards[kind, default: 0] > 0 ? HostName.patterns(covering: host) : [host]
    }

    package mutating func insert(contentsOf resources: some Sequence<Resource>) {
        let count = objects.count + resources.underestimatedCount
        objects.reserveCapacity(count)
        keys.reserveCapacity(count)
        for resource in resources { insert(resource) }
    }

    package mutating func remove(_ key: ResourceKey) {
        guard let old = objects.removeValue(forKey: key) else { return }
        removeTokens(of: old)
    }

    private mutating func removeTokens(of old: Resource) {
        if old.hasWildcardHost { wildcards[old.kind, default: 0] -= 1 }
        for token in old.indexTokens {
            keys[token]?.remove(old.key)
            if keys[token]?.isEmpty == true { keys[token] = nil }
        }
        for host in old.entryHosts {
            entries[host]?.remove(old.key)
            if entries[host]?.isEmpty == true { entries[host] = nil }
        }
    }
}

extension ClusterSnapshot: ResourceSource {}

extension Resource {
    /// The hosts of a ServiceEntry.
    fileprivate var entryHosts: Set<String> { Set((serviceEntry?.hosts ?? []).map { $0.lowercased() }) }

    /// Whether a DestinationRule or ServiceEntry is for all hosts that a pattern covers.
    fileprivate var hasWildcardHost: Bool {
        switch spec {
        case .destinationRule(let rule): HostName.isWildcard(rule.host)
        case .serviceEntry(let entry): entry.hosts.contains(where: HostName.isWildcard)
        default: false
        }
    }

    /// Istio's order of precedence: the older object first, ties by name, then by namespace. Manifests that no store
    /// knows yet are younger than everything in it.
    package static func isOlder(_ left: Resource, _ right: Resource) -> Bool {
        (left.stored?.createdRevision ?? .max, left.name, left.namespace)
            < (right.stored?.createdRevision ?? .max, right.name, right.namespace)
    }
}
