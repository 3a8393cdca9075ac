// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// How often something happens, drawn anew each time: Envoy's `FractionalPercent` of a million.
package struct Chance: BitwiseCopyable, Sendable, Equatable {
    /// Of the whole: 1,000,000 is always.
    package let millionths: UInt32

    package static let never = Chance(millionths: 0)

    package init(millionths: UInt32) {
        self.millionths = millionths
    }

    init(_ percentage: Percentage) {
        self.init(millionths: UInt32(clamping: min(percentage.millionths, 1_000_000)))
    }

    /// `random` must be uniform over all 64-bit values. The bias of multiplying (Lemire, 2019) is below 2^-44, that of Envoy's
    /// modulo as well.
    package func happens(_ random: UInt64) -> Bool {
        random.multipliedFullWidth(by: 1_000_000).high < UInt64(millionths)
    }
}
