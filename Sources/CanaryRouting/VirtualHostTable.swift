// SPDX-License-Identifier: Apache-2.0

package import CanaryMesh
import CanaryResources

/// A host in its compiled form, shared by successive routing tables until a change touches it.
///
/// `@unchecked Sendable`: all of it is written during `init` by the builder, before another task can know it, and
/// only read afterwards; the pointers lead into `arena`, which lives as long as this object.
package final class VirtualHostTable: @unchecked Sendable {
    /// A name that requests may use for the host.
    struct Domain {
        /// How a name that several hosts claim is decided: the smaller wins, ties by the host's name.
        enum Rank: UInt8, Comparable {
            case full, short, address

            static func < (left: Rank, right: Rank) -> Bool { left.rawValue < right.rawValue }
        }

        /// In lower case; of a wildcard what follows the star.
        let text: ByteSlice
        let isWildcard: Bool
        let rank: Rank
        let hash: UInt64
    }

    /// The full name.
    package let host: String
    let domains: [Domain]
    package let record: Borrowed<VirtualHostRecord>
    private let arena: RoutingArena

    init(
        host: String,
        domains names: [(name: String, rank: Domain.Rank)],
        record: Borrowed<VirtualHostRecord>,
        arena: RoutingArena
    ) {
        self.host = host
        self.record = record
        self.arena = arena
        domains = names.map { name, rank in
            let isWildcard = HostName.isWildcard(name)
            let text = arena.store((isWildcard ? String(name.dropFirst()) : name).lowercased())
            let hash = DomainHash.of(text, isWildcard: isWildcard)
            return Domain(text: text, isWildcard: isWildcard, rank: rank, hash: hash)
        }
    }
}

/// The hash of domains. It reads from the end, so that one pass over a name gives the hashes of all its suffixes.
enum DomainHash {
    static let seed: UInt64 = 0xcbf2_9ce4_8422_2325

    /// FNV-1a's step.
    @inline(__always)
    static func step(_ state: UInt64, _ byte: UInt8) -> UInt64 {
        (state ^ UInt64(ByteSlice.lowercased(byte))) &* 0x0000_0100_0000_01b3
    }

    /// MurmurHash3's finaliser: FNV alone leaves the upper bits of short names alike.
    @inline(__always)
    static func finish(_ state: UInt64, isWildcard: Bool) -> UInt64 {
        var word = isWildcard ? ~state : state
        word = (word ^ (word >> 33)) &* 0xff51_afd7_ed55_8ccd
        word = (word ^ (word >> 33)) &* 0xc4ce_b9fe_1a85_ec53
        return word ^ (word >> 33)
    }

    static func of(_ text: ByteSlice, isWildcard: Bool) -> UInt64 {
        var state = seed
        for byte in text.reversed() { state = step(state, byte) }
        return finish(state, isWildcard: isWildcard)
    }
}
