// SPDX-License-Identifier: Apache-2.0

/// Match blocks by a condition that all requests must fulfil which they take: whoever looks for a block that takes all of
/// another's requests compares that with few.
struct TakerIndex {
    private struct Key: Hashable {
        var subject: [UInt8]
        var test: TextCondition.Test
        var text: [UInt8]
    }

    private var blocks: [RouteCoverage.Block] = []
    private var places: [Key: [Int]] = [:]
    /// Those without such a condition: regular expressions, inverted ones, and where case is ignored.
    private var others: [Int] = []
    private var prefixLengths: [[UInt8]: Set<Int>] = [:]

    /// Of blocks with the same condition so many are kept; more are only looked up for being the same.
    static let mostCompared = 256

    mutating func add(_ block: RouteCoverage.Block) {
        let keys = block.scope.conditions.compactMap(Self.key)
        // The rarest condition leaves least to compare.
        let rarest = keys.min { places[$0]?.count ?? 0 < places[$1]?.count ?? 0 }
        guard let rarest else {
            guard others.count < Self.mostCompared else { return }
            others.append(blocks.count)
            blocks.append(block)
            return
        }
        guard places[rarest]?.count ?? 0 < Self.mostCompared else { return }
        if rarest.test == .prefix { prefixLengths[rarest.subject, default: []].insert(rarest.text.count) }
        places[rarest, default: []].append(blocks.count)
        blocks.append(block)
    }

    /// The first block that takes every request of another.
    func first(covering scope: MatchScope, _ patterns: PatternCache) -> RouteCoverage.Block? {
        let candidates = Set(others + keys(for: scope).flatMap { places[$0] ?? [] })
        return candidates.sorted().lazy.map { blocks[$0] }.first { $0.scope.covers(scope, patterns) }
    }

    /// Under which a block stands that asks for no more than one of the conditions.
    private func keys(for scope: MatchScope) -> Set<Key> {
        var keys: Set<Key> = []
        for condition in scope.conditions where !condition.isInverted {
            let (subject, text) = (condition.subject, condition.text.text)
            keys.insert(Key(subject: subject, test: .present, text: []))
            if condition.text.test == .exact { keys.insert(Key(subject: subject, test: .exact, text: text)) }
            for length in prefixLengths[subject] ?? [] where length <= text.count {
                keys.insert(Key(subject: subject, test: .prefix, text: Array(text.prefix(length))))
            }
        }
        return keys
    }

    private static func key(_ condition: MatchScope.Condition) -> Key? {
        guard !condition.isInverted, !condition.text.ignoresCase, condition.text.test != .regex else {
            return nil
        }
        return Key(subject: condition.subject, test: condition.text.test, text: condition.text.text)
    }
}
