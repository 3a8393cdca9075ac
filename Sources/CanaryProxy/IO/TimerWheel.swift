// SPDX-License-Identifier: Apache-2.0

/// What a connection or an exchange brings along to be found by the event loop, the timer wheel and the ``ReadyList``. It is
/// the first field of ``Downstream``, ``Upstream`` and ``Exchange``, so its address is theirs.
struct Registration {
    enum Kind: UInt8 { case downstream, upstream, exchange }

    let kind: Kind
    /// Waits in the worker's list of connections to go on with.
    var isReady = false
    /// Behind this one in that list, and in the list of closed connections.
    var nextReady: SlabPointer<Registration>?
    var nextClosed: SlabPointer<Registration>?
    /// In milliseconds of the loop's clock; `never` when nothing is awaited.
    fileprivate(set) var deadline = Registration.never
    fileprivate var slot: Int32 = -1
    fileprivate var next: SlabPointer<Registration>?
    fileprivate var previous: SlabPointer<Registration>?

    static let never = Int64.max

    init(_ kind: Kind) { self.kind = kind }
}

/// A hashed timer wheel: setting a deadline costs a few stores, and usually only one, since a deadline that moves away
/// leaves its entry where it is until that slot comes round.
struct TimerWheel: ~Copyable {
    typealias Entry = SlabPointer<Registration>

    static let tick: Int64 = 4
    private static let slotCount = 2048

    private let slots = FixedList<Entry?>(repeating: nil, count: slotCount)
    /// Which slots have entries, by bits, and which words of those have any.
    private let occupied = FixedList<UInt64>(repeating: 0, count: slotCount / 64)
    private var words: UInt32 = 0
    /// The tick up to which, inclusive, slots have been looked at.
    private var current: Int64

    init(now: Int64) { current = now / Self.tick }

    /// Makes `entry` due at `deadline`, instead of whatever it was due at before.
    mutating func set(_ entry: Entry, to deadline: Int64) {
        let before = entry.pointee.deadline
        entry.pointee.deadline = deadline
        if entry.pointee.slot >= 0, deadline >= before { return }
        remove(entry)
        if deadline != Registration.never { link(entry) }
    }

    mutating func cancel(_ entry: Entry) {
        entry.pointee.deadline = Registration.never
        remove(entry)
    }

    /// The next entry that is due at `now`, taken out of the wheel; `nil` when there is none.
    mutating func popDue(now: Int64) -> Entry? {
        let target = now / Self.tick
        while current < target {
            let slot = Int((current &+ 1) % Int64(Self.slotCount))
            while let entry = slots[slot] {
                remove(entry)
                if entry.pointee.deadline <= now {
                    entry.pointee.deadline = Registration.never
                    return entry
                }
                if entry.pointee.deadline != Registration.never { link(entry, after: current &+ 1) }
                if slots[slot] == entry { break }
            }
            current &+= 1
        }
        return nil
    }

    /// Milliseconds until a slot with entries comes round, or -1 when the wheel is empty.
    func wait(now: Int64) -> Int32 {
        guard words != 0 else { return -1 }
        let first = Int((current &+ 1) % Int64(Self.slotCount))
        let distance = (nextOccupied(from: first) &- first) & (Self.slotCount &- 1)
        return Int32(max(0, (current &+ 1 &+ Int64(distance)) &* Self.tick &- now))
    }

    /// The slot with entries that comes first, from `slot` on and round; there must be one.
    private func nextOccupied(from slot: Int) -> Int {
        let word = slot >> 6
        let here = occupied[word] >> UInt64(slot & 63)
        if here != 0 { return slot &+ here.trailingZeroBitCount }
        // The words behind this one come first, then those before it, and last the beginning of its own.
        let behind = (words >> 1) >> UInt32(word)
        let next = behind != 0 ? word &+ 1 &+ behind.trailingZeroBitCount : words.trailingZeroBitCount
        return next << 6 &+ occupied[next].trailingZeroBitCount
    }

    private mutating func clear(_ slot: Int) {
        occupied[slot >> 6] &= ~(1 << UInt64(slot & 63))
        if occupied[slot >> 6] == 0 { words &= ~(1 << UInt32(slot >> 6)) }
    }

    private mutating func link(_ entry: Entry, after floor: Int64? = nil) {
        let first = (floor ?? current) &+ 1
        let horizon = first &+ Int64(Self.slotCount) &- 2
        let due = (entry.pointee.deadline &+ Self.tick &- 1) / Self.tick
        let slot = Int(min(max(due, first), horizon) % Int64(Self.slotCount))
        entry.pointee.slot = Int32(slot)
        entry.pointee.previous = nil
        entry.pointee.next = slots[slot]
        slots[slot]?.pointee.previous = entry
        slots[slot] = entry
        occupied[slot >> 6] |= 1 << UInt64(slot & 63)
        words |= 1 << UInt32(slot >> 6)
    }

    private mutating func remove(_ entry: Entry) {
        let slot = Int(entry.pointee.slot)
        guard slot >= 0 else { return }
        if let previous = entry.pointee.previous {
            previous.pointee.next = entry.pointee.next
        } else {
            slots[slot] = entry.pointee.next
        }
        entry.pointee.next?.pointee.previous = entry.pointee.previous
        entry.pointee.next = nil
        entry.pointee.previous = nil
        entry.pointee.slot = -1
        if slots[slot] == nil { clear(slot) }
    }
}
