// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Sums of numbers of which only the logarithms can be held.
package enum LogSum {
    /// ln Σ exp xᵢ, without overflow: the largest term is taken out first. −∞ for nothing.
    package static func of(_ logarithms: [Double]) -> Double {
        var largest = -Double.infinity
        for value in logarithms where value > largest { largest = value }
        guard largest > -.infinity, largest < .infinity else { return largest }
        var sum = 0.0
        for value in logarithms { sum += exp(value - largest) }
        return largest + log(sum)
    }

    package static func of(_ left: Double, _ right: Double) -> Double {
        let largest = max(left, right)
        guard largest > -.infinity, largest < .infinity else { return largest }
        return largest + log1p(exp(min(left, right) - largest))
    }
}
