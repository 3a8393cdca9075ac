// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting

/// A routing table and how many exchanges of this worker still use it.
///
/// `@safe`: the table is retained, and the list kept, until ``TableGenerations`` lets go of the generation.
@safe struct TableGeneration {
    let table: Unmanaged<RoutingTable>
    /// What the table knows of each of the proxy's open listeners, by rising numbers.
    let listeners: UnsafeMutableBufferPointer<ListenerEntry>
    fileprivate(set) var exchanges = 0
    fileprivate(set) var isCurrent = true

    /// What the table knows of one of the proxy's listeners.
    func listener(_ number: Int) -> ListenerEntry {
        let index = unsafe listeners.index(rising: number) { $0.number }
        return index.map { unsafe listeners[$0] } ?? .unknown(number)
    }
}

/// One of the proxy's listeners as a routing table sees it.
struct ListenerEntry: Equatable {
    /// The proxy's own number of the listener.
    var number: Int
    /// The index in the table's list of listeners; -1 when it has none such.
    var index: Int32
    /// The port that requests count as having addressed; -1 where the authority decides.
    var requestPort: Int32
    /// Whether its connections are passed on as they are.
    var isOpaque = false
    /// Whether their routes go by the name that a client asks for, if it begins with TLS.
    var asksForName = false
    /// How far its clients are believed.
    var trust = ClientTrust()
    /// Whether clients begin with TLS.
    var isTLS = false

    /// What a table knows of open listeners.
    static func all(of listeners: [OpenListener], in table: RoutingTable) -> [ListenerEntry] {
        let indices = Dictionary(zip(table.listeners, table.listeners.indices)) { first, _ in first }
        return listeners.map { listener in
            guard let index = indices[listener.spec] else { return .unknown(listener.number) }
            return ListenerEntry(
                number: listener.number,
                index: Int32(clamping: index),
                requestPort: listener.spec.requestPort,
                isOpaque: listener.spec.isOpaque,
                asksForName: listener.spec.asksForName,
                trust: ClientTrust(of: listener.spec),
                isTLS: listener.spec.isTLS
            )
        }
    }

    /// A listener that the table does not know.
    static func unknown(_ number: Int) -> ListenerEntry {
        ListenerEntry(number: number, index: -1, requestPort: -1)
    }
}

/// What keeps the routes that an exchange goes by.
///
/// `@safe`: the memory is retained until the exchange releases it.
@safe enum RoutesKeeper {
    case table(TableGenerations.Generation)
    /// No more than the memory of its host's: what lasts for hours is not to keep a table for each change.
    case host(Unmanaged<RoutingArena>)
}

/// The tables that a worker uses: the present one for new requests, older ones for those that began with them.
struct TableGenerations: ~Copyable {
    typealias Generation = SlabPointer<TableGeneration>

    private(set) var current: Generation?
    private var slots = Slab<TableGeneration>(chunkCount: 8)

    /// Makes a table the present one, unless it is already; `true` when an older one was let go of.
    mutating func adopt(_ table: RoutingTable, _ entries: [ListenerEntry]) -> Bool {
        if let current {
            let isSame = unsafe current.pointee.table._withUnsafeGuaranteedRef { $0 === table }
            if isSame, unsafe current.pointee.listeners.elementsEqual(entries) { return false }
        }
        let isFree = retire()
        let copy = UnsafeMutableBufferPointer<ListenerEntry>.allocate(capacity: entries.count)
        _ = unsafe copy.initialize(from: entries)
        current = unsafe slots.take(TableGeneration(table: Unmanaged.passRetained(table), listeners: copy))
        return isFree
    }

    /// Has no table be the present one any more; `true` when it was let go of.
    mutating func retire() -> Bool {
        guard let old = current else { return false }
        current = nil
        old.pointee.isCurrent = false
        return freeIfUnused(old)
    }

    /// An exchange begins that uses a generation.
    func use(_ generation: Generation) { generation.pointee.exchanges &+= 1 }

    /// An exchange has ended that used a generation; `true` when that was let go of.
    mutating func release(_ generation: Generation) -> Bool {
        generation.pointee.exchanges &-= 1
        return freeIfUnused(generation)
    }

    private mutating func freeIfUnused(_ generation: Generation) -> Bool {
        guard generation.pointee.exchanges == 0, !generation.pointee.isCurrent else { return false }
        unsafe generation.pointee.table.release()
        unsafe generation.pointee.listeners.deallocate()
        slots.give(generation)
        return true
    }
}
