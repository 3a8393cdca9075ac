// SPDX-License-Identifier: Apache-2.0

/// Which values in a log stand for which version: its name, or the addresses of its endpoints.
package struct LogVersions: Sendable {
    private let canary: [[UInt8]]
    /// Empty where all other versions are stable.
    private let stable: [[UInt8]]

    package init(canary: [String], stable: [String] = []) {
        self.canary = canary.map { Array($0.utf8) }
        self.stable = stable.map { Array($0.utf8) }
    }

    enum Arm { case canary, stable, other }

    /// A name is that of a version; an address without port stands for all its ports.
    func arm(_ bytes: Span<UInt8>, _ value: Range<Int>) -> Arm {
        if Self.contains(canary, bytes, value) { return .canary }
        if stable.isEmpty {
            let isNone = value.isEmpty || value.count == 1 && bytes[value.lowerBound] == UInt8(ascii: "-")
            return isNone ? .other : .stable
        }
        return Self.contains(stable, bytes, value) ? .stable : .other
    }

    private static func contains(_ names: [[UInt8]], _ bytes: Span<UInt8>, _ value: Range<Int>) -> Bool {
        for name in names {
            if bytes.isEqual(value, to: name) { return true }
            let end = value.lowerBound + name.count
            if end < value.upperBound, bytes[end] == UInt8(ascii: ":"), bytes.hasPrefix(value, name),
                bytes.number(end + 1..<value.upperBound) != nil
            {
                return true
            }
        }
        return false
    }
}
