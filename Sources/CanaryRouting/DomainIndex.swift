// SPDX-License-Identifier: Apache-2.0

import CanaryMesh

/// The hosts of a listener by their names: a hash table in shards, of which a change replaces only those that hold the
/// changed hosts' names.
struct DomainIndex: Sendable {
    private(set) var shards = [DomainShard([])]
    private(set) var wildcardCount = 0
    /// Wildcards such as `*-x.foo.com`, whose suffix begins within a label.
    private(set) var irregularCount = 0
    /// Hosts that take any name: `*`.
    private(set) var fallbacks: [VirtualHostTable] = []
    private var count = 0

    private static let entriesPerShard = 32

    /// The host of all names that nothing else matches.
    var fallback: VirtualHostTable? { fallbacks.min { $0.host < $1.host } }

    /// All hosts with their names: of a name that several claim, the winner's only.
    var namedHosts: [(table: VirtualHostTable, domains: [String])] {
        var winners: [String: DomainEntry] = [:]
        for entry in shards.flatMap(\.entries) {
            let name = entry.domain.name
            if let other = winners[name], other.precedes(entry) { continue }
            winners[name] = entry
        }
        var tables: [ObjectIdentifier: VirtualHostTable] = [:]
        var names: [ObjectIdentifier: [String]] = [:]
        for (name, entry) in winners {
            tables[ObjectIdentifier(entry.table)] = entry.table
            names[ObjectIdentifier(entry.table), default: []].append(name)
        }
        if let fallback {
            tables[ObjectIdentifier(fallback)] = fallback
            names[ObjectIdentifier(fallback), default: []].append("*")
        }
        return tables.map { ($1, (names[$0] ?? []).sorted()) }
    }

    static func shard(of hash: UInt64, count: Int) -> Int {
        Int(truncatingIfNeeded: hash >> 32) & (count - 1)
    }

    /// Removes and adds hosts. The cost depends on the number of their names, except that the index is laid out anew
    /// whenever it has doubled.
    mutating func update(removing old: [VirtualHostTable], adding new: [VirtualHostTable]) {
        for table in old { forget(table) }
        for table in new { remember(table) }
        if count > shards.count * Self.entriesPerShard * 2 {
            grow(removing: old, adding: new)
            return
        }
        let gone = Set(old.map(ObjectIdentifier.init))
        var touched: [Int: [DomainEntry]] = [:]
        for table in old {
            for domain in table.domains where !domain.isFallback {
                let index = Self.shard(of: domain.hash, count: shards.count)
                if touched[index] == nil { touched[index] = remaining(in: shards[index], without: gone) }
            }
        }
        for table in new {
            for domain in table.domains where !domain.isFallback {
                let index = Self.shard(of: domain.hash, count: shards.count)
                touched[index, default: shards[index].entries].append(
                    DomainEntry(domain: domain, table: table)
                )
            }
        }
        for (index, entries) in touched { shards[index] = DomainShard(entries) }
    }

    private func remaining(in shard: DomainShard, without gone: Set<ObjectIdentifier>) -> [DomainEntry] {
        shard.entries.filter { !gone.contains(ObjectIdentifier($0.table)) }
    }

    private mutating func grow(removing old: [VirtualHostTable], adding new: [VirtualHostTable]) {
        let gone = Set(old.map(ObjectIdentifier.init))
        var entries = shards.flatMap { remaining(in: $0, without: gone) }
        for table in new {
            for domain in table.domains where !domain.isFallback {
                entries.append(DomainEntry(domain: domain, table: table))
            }
        }
        var shardCount = shards.count
        while shardCount * Self.entriesPerShard < entries.count { shardCount *= 2 }
        var groups: [[DomainEntry]] = Array(repeating: [], count: shardCount)
        for entry in entries { groups[Self.shard(of: entry.domain.hash, count: shardCount)].append(entry) }
        shards = groups.map(DomainShard.init)
    }

    private mutating func remember(_ table: VirtualHostTable) {
        for domain in table.domains { note(domain, 1) }
        if table.domains.contains(where: \.isFallback) { fallbacks.append(table) }
    }

    private mutating func forget(_ table: VirtualHostTable) {
        for domain in table.domains { note(domain, -1) }
        fallbacks.removeAll { $0 === table }
    }

    private mutating func note(_ domain: VirtualHostTable.Domain, _ change: Int) {
        guard !domain.isFallback else { return }
        count += change
        guard domain.isWildcard else { return }
        wildcardCount += change
        if domain.text[0] != UInt8(ascii: ".") { irregularCount += change }
    }
}

extension VirtualHostTable.Domain {
    /// As in an authority: wildcards with their star, IPv6 addresses in brackets.
    fileprivate var name: String {
        let name = text.text
        return isWildcard ? "*\(name)" : name.contains(":") ? "[\(name)]" : name
    }

    /// `*` alone.
    var isFallback: Bool { isWildcard && text.isEmpty }
}
