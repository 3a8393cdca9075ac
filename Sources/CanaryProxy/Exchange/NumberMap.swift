// SPDX-License-Identifier: Apache-2.0

/// Values by the numbers of endpoints or clusters, for one thread. Numbers are never given twice and so only rise: open
/// addressing keeps what they stand for in the space that the values in use need.
struct NumberMap<Value: BitwiseCopyable>: ~Copyable {
    private static var empty: UInt64 { .max }

    private let initial: Value
    private var keys: UnsafeMutablePointer<UInt64>
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
    subscript(number: UInt64) -> UnsafeMutablePointer<Value> {
        mutating get {
            var place = find(number)
            guard keys[place] == Self.empty else { return values + place }
            if (count &+ 1) &* 4 > capacity &* 3 {
                rebuild(capacity: capacity &* 2) { _, _ in true }
                place = find(number)
            }
            keys[place] = number
            (values + place).initialize(to: initial)
            count &+= 1
            return values + place
        }
    }

    /// The numbers that have a value.
    var numbers: [UInt64] { (0..<capacity).map { keys[$0] }.filter { $0 != Self.empty } }

    /// Forgets the numbers for which `isWanted` says no, and the space that they took.
    mutating func keep(where isWanted: (UInt64, UnsafeMutablePointer<Value>) -> Bool) {
        var wanted = 64
        while wanted < count &* 2 { wanted &*= 2 }
        rebuild(capacity: wanted, keeping: isWanted)
    }

    /// The place of a number, or where it would go.
    private func find(_ number: UInt64) -> Int {
        let mask = capacity &- 1
        var place = Int(truncatingIfNeeded: (number &* 0x9E37_79B9_7F4A_7C15) &>> 32) & mask
        while keys[place] != number, keys[place] != Self.empty { place = (place &+ 1) & mask }
        return place
    }

    private mutating func rebuild(
        capacity size: Int,
        keeping isWanted: (UInt64, UnsafeMutablePointer<Value>) -> Bool
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

    private static func allocate(_ size: Int) -> (UnsafeMutablePointer<UInt64>, UnsafeMutablePointer<Value>) {
        let keys = UnsafeMutablePointer<UInt64>.allocate(capacity: size)
        keys.initialize(repeating: empty, count: size)
        return (keys, .allocate(capacity: size))
    }
}
