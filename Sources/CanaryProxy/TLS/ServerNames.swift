// SPDX-License-Identifier: Apache-2.0

import CanaryMesh

/// The names that a server takes. Looking one up allocates nothing.
struct ServerNames: Sendable {
    /// Names, and what stands behind the star of wildcards, in lower case and in the order of their bytes.
    private let names: [[UInt8]]
    private let suffixes: [[UInt8]]
    private let takesAll: Bool

    init(_ patterns: [String]) {
        names = Self.sorted(patterns.filter { !$0.hasPrefix("*") })
        suffixes = Self.sorted(
            patterns.filter { $0.hasPrefix("*") && $0 != "*" }.map { String($0.dropFirst()) }
        )
        takesAll = patterns.contains("*")
    }

    private static func sorted(_ texts: [String]) -> [[UInt8]] {
        texts.map { Array($0.lowercased().utf8) }.sorted { $0.lexicographicallyPrecedes($1) }
    }

    /// How well they fit a name, in any case: the longer the pattern, the better. `nil` where they do not.
    func closeness(to written: ByteSlice) -> Int? {
        // A name with a dot at its end is the same (RFC 1034, 3.1).
        let isRooted = written.count > 1 && written[written.count - 1] == UInt8(ascii: ".")
        let name = isRooted ? written.slice(0, written.count - 1) : written
        guard !name.isEmpty else { return takesAll ? 0 : nil }
        if Self.has(names, name) { return .max }
        if !suffixes.isEmpty {
            for start in 1..<max(name.count, 1) where Self.has(suffixes, name.from(start)) {
                return name.count - start
            }
        }
        return takesAll ? 0 : nil
    }

    private static func has(_ texts: [[UInt8]], _ name: ByteSlice) -> Bool {
        var (low, high) = (0, texts.count)
        while low < high {
            let middle = (low + high) / 2
            switch order(texts[middle], name) {
            case 0: return true
            case ..<0: low = middle + 1
            default: high = middle
            }
        }
        return false
    }

    /// Below 0 where the text comes before the name.
    private static func order(_ text: [UInt8], _ name: ByteSlice) -> Int {
        for index in 0..<min(text.count, name.count) {
            let difference = Int(text[index]) - Int(ByteSlice.lowercased(name[index]))
            if difference != 0 { return difference }
        }
        return text.count - name.count
    }
}
