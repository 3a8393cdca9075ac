// SPDX-License-Identifier: Apache-2.0

import CanaryMesh

/// A name of a host, and the host.
struct DomainEntry: Sendable {
    let domain: VirtualHostTable.Domain
    let table: VirtualHostTable

    /// Whether this entry wins over another one of the same name.
    func precedes(_ other: DomainEntry) -> Bool {
        (domain.rank, table.host) < (other.domain.rank, other.table.host)
    }
}

/// `@unchecked Sendable`: the slice leads into the immutable arena of its table.
extension VirtualHostTable.Domain: @unchecked Sendable {}

/// A slot of an open-addressing hash table; unused without a record.
struct DomainSlot: BitwiseCopyable {
    var hash: UInt64 = 0
    var name = ByteSlice()
    var isWildcard = false
    var record: Borrowed<VirtualHostRecord>?
}

/// Where a shard's slots are: what the request path reads.
struct DomainShardRecord: BitwiseCopyable {
    /// A power of two of them, some of which are free.
    var slots: BorrowedList<DomainSlot>

    var mask: UInt64 { UInt64(truncatingIfNeeded: slots.count &- 1) }

    /// The host of a name; `nil` if there is none.
    @inline(__always)
    func find(_ name: ByteSlice, hash: UInt64, isWildcard: Bool) -> Borrowed<VirtualHostRecord>? {
        let mask = mask
        var index = hash & mask
        while let record = slots[Int(index)].record {
            let slot = slots.pointer(Int(index))
            if slot.pointee.hash == hash, slot.pointee.isWildcard == isWildcard,
                slot.pointee.name.equalsIgnoringCase(name)
            {
                return record
            }
            index = (index &+ 1) & mask
        }
        return nil
    }
}

/// A part of a ``DomainIndex``, never changed.
///
/// `@unchecked Sendable`: the slots are written in `init` only, and freed with the last reference.
final class DomainShard: @unchecked Sendable {
    /// All of them, also those that lose their name to another host.
    let entries: [DomainEntry]
    let record: DomainShardRecord
    private let arena = RoutingArena()

    init(_ entries: [DomainEntry]) {
        self.entries = entries
        var capacity = 4
        while capacity < entries.count * 2 { capacity *= 2 }
        var slots = [DomainSlot](repeating: DomainSlot(), count: capacity)
        for entry in entries.sorted(by: { $0.precedes($1) }) { Self.insert(entry, into: &slots) }
        record = DomainShardRecord(slots: arena.store(slots))
    }

    /// Inserts unless the name is taken.
    private static func insert(_ entry: DomainEntry, into slots: inout [DomainSlot]) {
        let domain = entry.domain
        let mask = UInt64(slots.count - 1)
        var index = domain.hash & mask
        while slots[Int(index)].record != nil {
            let slot = slots[Int(index)]
            if slot.hash == domain.hash, slot.isWildcard == domain.isWildcard, slot.name.equals(domain.text) {
                return
            }
            index = (index &+ 1) & mask
        }
        slots[Int(index)] = DomainSlot(
            hash: domain.hash,
            name: domain.text,
            isWildcard: domain.isWildcard,
            record: entry.table.record
        )
    }
}
