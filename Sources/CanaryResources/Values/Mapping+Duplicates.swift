// SPDX-License-Identifier: Apache-2.0

extension Mapping {
    /// A mapping of entries among which keys may repeat: the last value wins, in the place of the first.
    ///
    /// `found` gets the indices of both entries of every repetition.
    package init(
        resolving entries: ArraySlice<Entry>,
        found: (_ first: Int, _ again: Int) -> Void
    ) {
        guard Self.hasDuplicates(entries) else {
            self.init(Array(entries))
            return
        }
        var places: [ExactText: Int] = [:]
        var sources: [Int] = []
        var result: [Entry] = []
        for index in entries.indices {
            if let place = places[ExactText(entries[index].key)] {
                found(sources[place], index)
                result[place] = entries[index]
                sources[place] = index
            } else {
                places[ExactText(entries[index].key)] = result.count
                sources.append(index)
                result.append(entries[index])
            }
        }
        self.init(result)
    }

    /// Compares each with each where there are few, and hashes where there are many.
    private static func hasDuplicates(_ entries: ArraySlice<Entry>) -> Bool {
        if entries.count > 12 {
            var seen = Set<ExactText>(minimumCapacity: entries.count)
            return entries.contains { !seen.insert(ExactText($0.key)).inserted }
        }
        for index in entries.indices.dropFirst() {
            let key = entries[index].key
            for earlier in entries.startIndex..<index where entries[earlier].key.hasSameBytes(as: key) {
                return true
            }
        }
        return false
    }
}
