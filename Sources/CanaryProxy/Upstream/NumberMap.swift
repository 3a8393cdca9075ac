// SPDX-License-Identifier: Apache-2.0

/// What a ``NumberMap`` is asked by: a number that is never given twice, or several.
protocol NumberKey: Equatable, BitwiseCopyable {
    /// Nothing's number.
    static var none: Self { get }
    var mixed: UInt64 { get }
}

extension UInt64: NumberKey {
    static var none: UInt64 { .max }
    var mixed: UInt64 { self &* 0x9E37_79B9_7F4A_7C15 }
}

/// Values by the numbers of endpoints or clusters, for one thread. Numbers are never given twice and so only rise: open
/// addressing keeps what they stand for in the space that the values in use need.
struct NumberMap<Key: NumberKey, Value: BitwiseCopyable>: ~Copyable {
    private static var empty: Key { .none }

    private let initial: Value
    private var keys: UnsafeMutablePointer<Key>
    private var values: UnsafeMutablePointer<Value>
    private var capacity: Int
    private(set) var count = 0

    /// `initial` is the value of a number that was not asked for before.
    init(_ initial: Value) {
        self.initial = initial
        capacity = 64
        (keys, values) = Self.allocate(capacity)
    }

    deinit {
        keys.deallocate()
        values.deallocate()
    }

    /// A number's value; the place is valid until another number is asked for.
    subscript(number: Key) -> UnsafeMutablePointer<Value> {
        mutating get {
            let place = find(number)
            return keys[place] == Self.empty ? add(number, at: place) : values + place
        }
    }

    // Apart, so that whoever finds a number does not load the initial value first.
    @inline(never)
    private mutating func add(_ number: Key, at empty: Int) -> UnsafeMutablePointer<Value> {
        var place = empty
        if (count &+ 1) &* 4 > capacity &* 3 {
            rebuild(capacity: capacity &* 2) { _, _ in true }
            place = find(number)
        }
        keys[place] = number
        (values + place).initialize(to: initial)
        count &+= 1
        return values + place
    }

    /// Whether a number has a value, without giving it one.
    func has(_ number: Key) -> Bool { keys[find(number)] != Self.empty }

    /// The numbers that have a value.
    var numbers: [Key] { (0..<capacity).map { keys[$0] }.filter { $0 != Self.empty } }

    /// Calls `body` with the place of each value; none may be added meanwhile.
    func forEach(_ body: (UnsafeMutablePointer<Value>) -> Void) {
        for place in 0..<capacity where keys[place] != Self.empty { body(values + place) }
    }

    /// Forgets the numbers for which `isWanted` says no, and the space that they took.
    mutating func keep(where isWanted: (Key, UnsafeMutablePointer<Value>) -> Bool) {
        var wanted = 64
        while wanted < count &* 2 { wanted &*= 2 }
        rebuild(capacity: wanted, keeping: isWanted)
    }

    /// The place of a number, or where it would go.
    private func find(_ number: Key) -> Int {
        let mask = capacity &- 1
        var place = Int(truncatingIfNeeded: number.mixed &>> 32) & mask
        while keys[place] != number, keys[place] != Self.empty { place = (place &+ 1) & mask }
        return place
    }

    private mutating func rebuild(
        capacity size: Int,
        keeping isWanted: (Key, UnsafeMutablePointer<Value>) -> Bool
    ) {
        let (oldKeys, oldValues, oldCapacity) = (keys, values, capacity)
        (keys, values) = Self.allocate(size)
        capacity = size
        count = 0
        for old in 0..<oldCapacity where oldKeys[old] != Self.empty {
            guard isWanted(oldKeys[old], oldValues + old) else { continue }
            let place = find(oldKeys[old])
            keys[place] = oldKeys[old]
            (values + place).initialize(to: oldValues[old])
            count &+= 1
        }
        oldKeys.deallocate()
        oldValues.deallocate()
    }

    private static func allocate(_ size: Int) -> (UnsafeMutablePointer<Key>, UnsafeMutablePointer<Value>) {
        let keys = UnsafeMutablePointer<Key>.allocate(capacity: size)
        keys.initialize(repeating: empty, count: size)
        return (keys, .allocate(capacity: size))
    }
}
