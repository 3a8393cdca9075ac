// SPDX-License-Identifier: Apache-2.0

package import CanaryMesh

/// All routes at one revision, immutable: from listener and authority to a host's routes.
///
/// The request path (``virtualHost(listener:authority:)`` and the handles) neither allocates nor counts references.
///
/// `@unchecked Sendable`: the records are written in `init` only; the pointers lead into objects that `owners` keeps.
package final class RoutingTable: @unchecked Sendable {
    struct Listener {
        var spec: ListenerSpec
        var hosts: DomainIndex
        /// Where every request goes, whatever it asks for.
        var only: VirtualHostTable?
        /// Where connections go that are passed on as they are, at a port with TLS.
        var connections: VirtualHostTable?
        var tls: TLSListenerSettings?
    }

    /// The store's revision that the table was made from.
    package let revision: Int64
    /// What to listen on; the first is always `mesh`.
    package let listeners: [ListenerSpec]
    /// The addresses that a proxy is to check of its own; of repeated ones the first counts.
    package let healthChecks: [HealthCheckTarget]
    private let owners: [Listener]
    private let records: BorrowedList<ListenerRecord>
    private let arena = RoutingArena()

    init(revision: Int64, listeners: [Listener], healthChecks: [HealthCheckTarget] = []) {
        self.revision = revision
        self.healthChecks = healthChecks
        self.listeners = listeners.map(\.spec)
        owners = listeners
        let arena = arena
        records = arena.store(listeners.map { ListenerRecord($0, in: arena) })
    }

    /// The host that an authority (with or without a port, in any case) stands for at a listener, an index of
    /// ``listeners``. `nil` is the answer 404 with flag NR. The cost does not depend on the number of hosts.
    package func virtualHost(listener: Int32, authority: ByteSlice) -> VirtualHostHandle? {
        guard listener >= 0, listener < listeners.count else { return nil }
        let host = Authority.split(authority).host.withoutBrackets
        return records[Int(listener)].find(host).map(VirtualHostHandle.init)
    }

    /// What clients' TLS is dealt with by at a listener; `nil` where they begin without.
    package func tls(listener: Int) -> TLSListenerSettings? {
        owners.indices.contains(listener) ? owners[listener].tls : nil
    }

    /// The host whose ``VirtualHostHandle/connectionRoute(port:address:serverName:)`` connections take that are passed on as they
    /// are, at a listener of TCP or TLS. `nil` where no route takes any.
    package func connectionHost(listener: Int32) -> VirtualHostHandle? {
        guard listener >= 0, listener < listeners.count else { return nil }
        return records[Int(listener)].connections.map(VirtualHostHandle.init)
    }

    /// A listener's hosts, each with the names that lead to it (wildcards with their star), in alphabetical order.
    package func namedHosts(listener: Int32) -> [(table: VirtualHostTable, domains: [String])] {
        guard owners.indices.contains(Int(listener)) else { return [] }
        let owner = owners[Int(listener)]
        if let only = owner.only { return [(only, ["*"])] }
        return owner.hosts.namedHosts.sorted { $0.table.host < $1.table.host }
    }

    /// Where connections go that are passed on as they are, at a listener that has hosts, too.
    func connectionsBesideHosts(listener: Int32) -> VirtualHostTable? {
        guard owners.indices.contains(Int(listener)) else { return nil }
        let owner = owners[Int(listener)]
        return owner.only == nil ? owner.connections : nil
    }

    /// The full names of a listener's hosts, in alphabetical order.
    package func hosts(listener: Int32) -> [String] {
        guard owners.indices.contains(Int(listener)) else { return [] }
        let owner = owners[Int(listener)]
        let named = owner.hosts.shards.flatMap { $0.entries.map(\.table.host) }
        let others = owner.hosts.fallbacks + (owner.only.map { [$0] } ?? [])
        return Set(named + others.map(\.host)).sorted()
    }
}

/// A listener's hosts, for the request path.
struct ListenerRecord: BitwiseCopyable {
    private let shards: BorrowedList<DomainShardRecord>
    private let hasWildcards: Bool
    private let hasIrregularWildcards: Bool
    private let fallback: Borrowed<VirtualHostRecord>?
    let connections: Borrowed<VirtualHostRecord>?

    init(_ listener: RoutingTable.Listener, in arena: RoutingArena) {
        let index = listener.hosts
        shards = arena.store(index.shards.map(\.record))
        hasWildcards = index.wildcardCount > 0
        hasIrregularWildcards = index.irregularCount > 0
        fallback = (listener.only ?? index.fallback)?.record
        connections = (listener.connections ?? listener.only)?.record
    }

    /// Envoy's order: the exact name, the longest suffix wildcard, `*`.
    @inline(__always)
    func find(_ host: ByteSlice) -> Borrowed<VirtualHostRecord>? {
        var state = DomainHash.seed
        var index = host.count
        while index > 0 {
            index -= 1
            state = DomainHash.step(state, host[index])
        }
        let hash = DomainHash.finish(state, isWildcard: false)
        let shard = shards.pointer(DomainIndex.shard(of: hash, count: shards.count))
        if let record = shard.pointee.find(host, hash: hash, isWildcard: false) { return record }
        return (hasWildcards ? findWildcard(host) : nil) ?? fallback
    }

    private func findWildcard(_ host: ByteSlice) -> Borrowed<VirtualHostRecord>? {
        var found: Borrowed<VirtualHostRecord>?
        var state = DomainHash.seed
        var index = host.count
        while index > 1 {
            index -= 1
            state = DomainHash.step(state, host[index])
            guard hasIrregularWildcards || host[index] == UInt8(ascii: ".") else { continue }
            let hash = DomainHash.finish(state, isWildcard: true)
            let shard = shards.pointer(DomainIndex.shard(of: hash, count: shards.count))
            found = shard.pointee.find(host.from(index), hash: hash, isWildcard: true) ?? found
        }
        return found
    }
}

extension ByteSlice {
    /// An IPv6 address in brackets, without them.
    var withoutBrackets: ByteSlice {
        guard count > 2, self[0] == UInt8(ascii: "["), self[count - 1] == UInt8(ascii: "]") else {
            return self
        }
        return slice(1, count - 1)
    }
}
