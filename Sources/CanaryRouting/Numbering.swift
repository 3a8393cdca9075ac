// SPDX-License-Identifier: Apache-2.0

/// Numbers for values, from 0 on. No number is ever given twice, and a value is forgotten with its last use: what is kept by
/// number elsewhere can be out of date, but never another's.
struct Numbering<Value: Hashable & Sendable>: Sendable {
    private struct Entry: Sendable {
        let value: Value
        var uses: Int
    }

    private var entries: [UInt64: Entry] = [:]
    private var numbers: [Value: UInt64] = [:]
    private var next: UInt64 = 0

    /// How many values have a number now.
    var count: Int { entries.count }

    var values: some Sequence<Value> { entries.values.lazy.map(\.value) }

    subscript(number: UInt64) -> Value? { entries[number]?.value }

    func contains(_ number: UInt64) -> Bool { entries[number] != nil }

    /// The value's number, which is used once more from now on.
    mutating func use(_ value: Value) -> UInt64 {
        if let known = numbers[value] {
            entries[known]?.uses += 1
            return known
        }
        let number = next
        next += 1
        entries[number] = Entry(value: value, uses: 1)
        numbers[value] = number
        return number
    }

    /// Ends one use; the value when that was the last one.
    @discardableResult
    mutating func release(_ number: UInt64) -> Value? {
        guard var entry = entries[number] else { return nil }
        entry.uses -= 1
        guard entry.uses <= 0 else {
            entries[number] = entry
            return nil
        }
        entries[number] = nil
        numbers[entry.value] = nil
        return entry.value
    }
}
