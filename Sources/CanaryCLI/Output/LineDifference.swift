// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// Which lines of a text are not in another, and the other way round: the shortest such lists while they are short. Where they
/// are long, the lines that occur once on both sides hold the texts together, so that the time stays near that of reading them.
struct LineDifference {
    /// Whether each old line is removed, and each new one added.
    private(set) var removed: [Bool]
    private(set) var added: [Bool]
    /// Equal lines have equal numbers.
    private let old: [Int]
    private let new: [Int]

    /// The longest list of differences that is looked for in the shortest way: time and memory go by its square.
    private static let longestScript = 200
    /// How often what lies between lines that occur once is looked through in the same way.
    private static let mostRounds = 4

    private struct Region {
        var old: Range<Int>
        var new: Range<Int>
    }

    init(from old: [String], to new: [String]) {
        var numbers: [ExactText: Int] = [:]
        func number(_ line: String) -> Int {
            let line = ExactText(line)
            if let known = numbers[line] { return known }
            numbers[line] = numbers.count
            return numbers.count - 1
        }
        self.old = old.map(number)
        self.new = new.map(number)
        removed = Array(repeating: false, count: old.count)
        added = Array(repeating: false, count: new.count)
        var regions = [Region(old: old.indices, new: new.indices)]
        for _ in 0..<Self.mostRounds { regions = regions.flatMap { compare($0) } }
        for region in regions { replace(region) }
    }

    /// Finds the differences of a region, or the regions to look into next.
    private mutating func compare(_ whole: Region) -> [Region] {
        let region = trimmed(whole)
        if region.old.isEmpty || region.new.isEmpty || isSolved(region) {
            if region.old.isEmpty || region.new.isEmpty { replace(region) }
            return []
        }
        return regions(between: anchors(of: region), in: region)
    }

    private func trimmed(_ region: Region) -> Region {
        var (old, new) = (region.old, region.new)
        while let left = old.first, let right = new.first, self.old[left] == self.new[right] {
            (old, new) = (old.dropFirst(), new.dropFirst())
        }
        while let left = old.last, let right = new.last, self.old[left] == self.new[right] {
            (old, new) = (old.dropLast(), new.dropLast())
        }
        return Region(old: old, new: new)
    }

    private mutating func replace(_ region: Region) {
        for index in region.old { removed[index] = true }
        for index in region.new { added[index] = true }
    }
}

// MARK: - The shortest script

extension LineDifference {
    /// Myers' algorithm: how far the furthest path with so many differences comes on each diagonal. False where there are too
    /// many.
    private mutating func isSolved(_ region: Region) -> Bool {
        let (width, height) = (region.old.count, region.new.count)
        let limit = min(Self.longestScript, width + height)
        let middle = limit + 1
        var furthest = Array(repeating: 0, count: 2 * middle + 1)
        var rounds: [[Int]] = []
        for count in 0...limit {
            rounds.append(Array(furthest[(middle - count)...(middle + count)]))
            for diagonal in stride(from: -count, through: count, by: 2) {
                let isDown = Self.isDown(diagonal, count) { furthest[middle + $0] }
                var x = isDown ? furthest[middle + diagonal + 1] : furthest[middle + diagonal - 1] + 1
                while x < width, x - diagonal < height,
                    old[region.old.lowerBound + x] == new[region.new.lowerBound + x - diagonal]
                {
                    x += 1
                }
                furthest[middle + diagonal] = x
                guard x >= width, x - diagonal >= height else { continue }
                mark(region, rounds)
                return true
            }
        }
        return false
    }

    /// Whether the path on a diagonal comes by an added line rather than by a removed one.
    private static func isDown(_ diagonal: Int, _ count: Int, _ furthest: (Int) -> Int) -> Bool {
        diagonal == -count || (diagonal != count && furthest(diagonal - 1) < furthest(diagonal + 1))
    }

    /// Goes the path back from its end.
    private mutating func mark(_ region: Region, _ rounds: [[Int]]) {
        var (x, y) = (region.old.count, region.new.count)
        for count in rounds.indices.reversed() where count > 0 {
            let furthest = { rounds[count][$0 + count] }
            let isDown = Self.isDown(x - y, count, furthest)
            let diagonal = x - y + (isDown ? 1 : -1)
            x = furthest(diagonal)
            y = x - diagonal
            if isDown {
                added[region.new.lowerBound + y] = true
            } else {
                removed[region.old.lowerBound + x] = true
            }
        }
    }
}

// MARK: - Lines that occur once

extension LineDifference {
    /// Pairs of lines that occur once in each text, as many as stand in the same order on both sides.
    private func anchors(of region: Region) -> [(old: Int, new: Int)] {
        var counts: [Int: (old: Int, new: Int, place: Int)] = [:]
        for index in region.old { counts[old[index], default: (0, 0, 0)].old += 1 }
        for index in region.new {
            counts[new[index], default: (0, 0, 0)].new += 1
            counts[new[index]]?.place = index
        }
        let pairs = region.old.compactMap { index -> (old: Int, new: Int)? in
            guard let count = counts[old[index]], count.old == 1, count.new == 1 else { return nil }
            return (index, count.place)
        }
        return Self.longestIncreasing(pairs)
    }

    private static func longestIncreasing(_ pairs: [(old: Int, new: Int)]) -> [(old: Int, new: Int)] {
        /// For each length the pair on which the list of that length with the least end ends.
        var ends: [Int] = []
        var before: [Int?] = []
        for (index, pair) in pairs.enumerated() {
            var (low, high) = (0, ends.count)
            while low < high {
                let middle = (low + high) / 2
                if pairs[ends[middle]].new < pair.new { low = middle + 1 } else { high = middle }
            }
            before.append(low > 0 ? ends[low - 1] : nil)
            if low == ends.count { ends.append(index) } else { ends[low] = index }
        }
        var found: [(old: Int, new: Int)] = []
        var next = ends.last
        while let index = next {
            found.append(pairs[index])
            next = before[index]
        }
        return found.reversed()
    }

    private func regions(between anchors: [(old: Int, new: Int)], in region: Region) -> [Region] {
        var regions: [Region] = []
        var (oldStart, newStart) = (region.old.lowerBound, region.new.lowerBound)
        for anchor in anchors + [(region.old.upperBound, region.new.upperBound)] {
            if oldStart < anchor.old || newStart < anchor.new {
                regions.append(Region(old: oldStart..<anchor.old, new: newStart..<anchor.new))
            }
            (oldStart, newStart) = (anchor.old + 1, anchor.new + 1)
        }
        return regions
    }
}
