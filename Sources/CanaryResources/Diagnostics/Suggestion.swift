// SPDX-License-Identifier: Apache-2.0

/// Guesses what a misspelt word was meant to be, for hints such as `did you mean "weight"?`.
package enum Suggestion {
    /// The candidate nearest to a word, `nil` if none is near enough to be worth a hint.
    ///
    /// Near means at most one edit for words of up to four letters, two up to eight, else three, where an edit is a
    /// letter added, dropped, changed, or swapped with its neighbour (optimal string alignment, a restricted
    /// Damerau-Levenshtein distance). Case does not count. Of equally near candidates the first in the sequence wins,
    /// one that differs only in case before all others. Words of more than 64 bytes get no suggestion.
    package static func closest(to word: String, among candidates: some Sequence<String>) -> String? {
        let wanted = Array(word.lowercased().utf8)
        guard !wanted.isEmpty, wanted.count <= longestWord else { return nil }
        let allowed = wanted.count <= 4 ? 1 : wanted.count <= 8 ? 2 : 3
        var best: String?
        var bestDistance = allowed + 1
        for candidate in candidates where abs(candidate.utf8.count - wanted.count) <= allowed {
            let distance = distance(wanted, Array(candidate.lowercased().utf8))
            guard distance < bestDistance, distance < max(wanted.count, 2) else { continue }
            best = candidate
            bestDistance = distance
        }
        return best
    }

    private static let longestWord = 64

    /// The optimal string alignment distance, row by row: the current row needs the two before it.
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var beforePrevious = [Int](repeating: 0, count: right.count + 1)
        var previous = Array(0...right.count)
        for i in left.indices {
            var current = [i + 1]
            current.reserveCapacity(right.count + 1)
            for j in right.indices {
                var cost = min(previous[j + 1], current[j]) + 1
                cost = min(cost, previous[j] + (left[i] == right[j] ? 0 : 1))
                if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                    cost = min(cost, beforePrevious[j - 1] + 1)
                }
                current.append(cost)
            }
            beforePrevious = previous
            previous = current
        }
        return previous[right.count]
    }
}
