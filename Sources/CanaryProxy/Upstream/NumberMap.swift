// SPDX-License-Identifier: Apache-2.0

import CanaryMesh

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
    private var keys: FixedList<Key>
    private var values: FixedList<Value>
    private(set) var count = 0
    /// Of the places of the values, until they move.
    private var loan = Loan()

    /// `initial` is the value of a number that was not asked for before.
    init(_ initial: Value) {
        self.initial = initial
        let size = 64
        keys = FixedList(repeating: Self.empty, count: size)
        values = FixedList(repeating: initial, count: size)
    }

    deinit { loan.end() }

    private var capacity: Int { keys.count }

    /// A number's value; the place is valid until another number is asked for.
    subscript(number: Key) -> NumberPlace<Value> {
        mutating get {
            let index = find(number)
            return keys[index] == Self.empty ? add(number, at: index) : place(index)
        }
    }

    @inline(__always)
    private func place(_ index: Int) -> NumberPlace<Value> {
        unsafe NumberPlace(values.address(index), loan)
    }

    // Apart, so that whoever finds a number does not load the initial value first.
    @inline(never)
    private mutating func add(_ number: Key, at empty: Int) -> NumberPlace<Value> {
        var index = empty
        if (count &+ 1) &* 4 > capacity &* 3 {
            rebuild(capacity: capacity &* 2) { _, _ in true }
            index = find(number)
        }
        keys[index] = number
        values[index] = initial
        count &+= 1
        return place(index)
    }

    /// Whether a number has a value, without giving it one.
    func has(_ number: Key) -> Bool { keys[find(number)] != Self.empty }

    /// The numbers that have a value.
    var numbers: [Key] { (0..<capacity).map { keys[$0] }.filter { $0 != Self.empty } }

    /// Calls `body` with the place of each value; none may be added meanwhile.
    func forEach(_ body: (NumberPlace<Value>) -> Void) {
        for index in 0..<capacity where keys[index] != Self.empty { body(place(index)) }
    }

    /// Forgets the numbers for which `isWanted` says no, and the space that they took.
    mutating func keep(where isWanted: (Key, NumberPlace<Value>) -> Bool) {
        var wanted = 64
        while wanted < count &* 2 { wanted &*= 2 }
        rebuild(capacity: wanted, keeping: isWanted)
    }

    /// The index of a number, or where it would go.
    private func find(_ number: Key) -> Int {
        let mask = capacity &- 1
        var index = Int(truncatingIfNeeded: number.mixed &>> 32) & mask
        while keys[index] != number, keys[index] != Self.empty { index = (index &+ 1) & mask }
        return index
    }

    private mutating func rebuild(capacity size: Int, keeping isWanted: (Key, NumberPlace<Value>) -> Bool) {
        var newKeys = FixedList<Key>(repeating: Self.empty, count: size)
        var newValues = FixedList<Value>(repeating: initial, count: size)
        let kept = (0..<capacity).filter { keys[$0] != Self.empty && isWanted(keys[$0], place($0)) }
        swap(&keys, &newKeys)
        swap(&values, &newValues)
        for old in kept {
            let index = find(newKeys[old])
            keys[index] = newKeys[old]
            values[index] = newValues[old]
        }
        count = kept.count
        loan.end()
        loan = Loan()
    }
}

/// Leads to a value of a ``NumberMap`` until another number is asked for. `@safe` since debug builds trap where it is used later.
@safe struct NumberPlace<Value: BitwiseCopyable>: BitwiseCopyable {
    private let address: UnsafeMutablePointer<Value>
    private let loan: Loan

    @unsafe init(_ address: UnsafeMutablePointer<Value>, _ loan: Loan) {
        unsafe self.address = unsafe address
        self.loan = loan
    }

    var pointee: Value {
        @inline(__always)
        unsafeAddress {
            loan.check()
            return unsafe UnsafePointer(address)
        }
        @inline(__always)
        nonmutating unsafeMutableAddress {
            loan.check()
            return unsafe address
        }
    }
}
