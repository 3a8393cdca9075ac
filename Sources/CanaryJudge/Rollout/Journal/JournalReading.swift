// SPDX-License-Identifier: Apache-2.0

/// A journal row by row, as far as it can be read.
///
/// Nothing that is behind a row that is missing or no entry can be trusted to follow from what is before it. An entry that says that
/// somebody went on behind the last good one makes up for all between the two: they stay where they are, and mean nothing.
package struct JournalReading: Sendable, Equatable {
    /// What cannot be read at the journal's end.
    package struct Damage: Sendable, Equatable {
        /// The first row that is missing or no entry, and the last one behind it that nobody has gone on from.
        package var first: Int
        package var last: Int

        package init(first: Int, last: Int) {
            self.first = first
            self.last = last
        }
    }

    package private(set) var entries: [JournalEntry] = []
    package private(set) var damage: Damage?
    private var number: Int

    /// - Parameter number: of the last entry that is known already.
    package init(after number: Int = 0) {
        self.number = number
    }

    package mutating func add(_ row: Int, _ line: String) {
        guard let entry = JournalEntry(line: line), entry.number == row, entry.follows(number) else {
            damage = Damage(first: number + 1, last: row)
            return
        }
        entries.append(entry)
        number = row
        damage = nil
    }
}

/// `entries 17 to 40 of its journal cannot be read`
extension JournalReading.Damage: CustomStringConvertible {
    package var description: String {
        let rows = first == last ? "entry \(first)" : "entries \(first) to \(last)"
        return "\(rows) of its journal cannot be read"
    }
}

extension JournalEntry {
    /// Whether it is the next one behind another one's number, 0 for none.
    func follows(_ number: Int) -> Bool {
        if case .recovered(let behind) = event {
            return behind == number && behind > 0 && self.number > number
        }
        if number == 0, case .started = event { return self.number == 1 }
        return number > 0 && self.number == number + 1
    }
}
