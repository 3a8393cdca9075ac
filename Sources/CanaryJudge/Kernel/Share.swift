// SPDX-License-Identifier: Apache-2.0

/// An exact probability: the canary's share of the randomly assigned requests, or a limit for its errors.
///
/// It is kept as it was declared, in lowest terms, so that 1/3 and 2/6 are one share and no journal holds a rounded one.
package struct Share: Hashable, Sendable {
    package let part: UInt64
    package let whole: UInt64

    package static let none = Share(0, of: 1)
    package static let half = Share(1, of: 2)
    package static let all = Share(1, of: 1)

    /// More than the whole is the whole, and of nothing nothing.
    package init(_ part: UInt64, of whole: UInt64) {
        guard whole > 0 else {
            self = .none
            return
        }
        let part = min(part, whole)
        let divisor = Self.greatestCommonDivisor(part, whole)
        self.part = part / divisor
        self.whole = whole / divisor
    }

    package init(percent: UInt64) {
        self.init(percent, of: 100)
    }

    package init(millionths: UInt64) {
        self.init(millionths, of: 1_000_000)
    }

    package var value: Double { Double(part) / Double(whole) }

    /// Whether both arms can get requests, without which nothing can be compared.
    package var isProper: Bool { part > 0 && part < whole }

    private static func greatestCommonDivisor(_ left: UInt64, _ right: UInt64) -> UInt64 {
        var (left, right) = (left, right)
        while right > 0 { (left, right) = (right, left % right) }
        return max(left, 1)
    }
}

extension Share: Comparable {
    package static func < (left: Share, right: Share) -> Bool {
        let (one, other) = (
            left.part.multipliedFullWidth(by: right.whole), right.part.multipliedFullWidth(by: left.whole)
        )
        return (one.high, one.low) < (other.high, other.low)
    }
}

/// `10 %`, `0.1 %`.
extension Share: CustomStringConvertible {
    package var description: String { "\(Figures.text(value * 100, digits: 4)) %" }
}
