// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// What a metric said of the canary, and of the stable version where the two are compared.
package struct MetricNumbers: Sendable, Equatable {
    package var canary: Double
    package var stable: Double?

    package init(canary: Double, stable: Double? = nil) {
        self.canary = canary
        self.stable = stable
    }

    /// Whether the numbers are good. Numbers that are none, such as a ratio of nothing to nothing, say neither.
    ///
    /// - Parameter comparison: in times of the stable version's number.
    package func answer(within bounds: NumberBounds, comparison: NumberBounds?) -> GateAnswer {
        guard canary.isFinite else { return .silent("it is no number: \(canary)") }
        if let text = Self.failure(of: canary, bounds, { Self.text($0) }) { return .failed(text) }
        guard let comparison else { return .passed }
        guard let stable, stable.isFinite else {
            return .silent("the stable version's is no number: \(stable ?? .nan)")
        }
        guard stable >= 0 else {
            return .silent(
                "the stable version's is negative, so that nothing is so many times as much: \(stable)"
            )
        }
        let scaled = NumberBounds(
            min: comparison.min.map { $0 * stable },
            max: comparison.max.map { $0 * stable }
        )
        let failure = Self.failure(of: canary, scaled) { bound in
            let times = bound == scaled.min ? comparison.min : comparison.max
            return "\(Self.text(times ?? 1)) times the stable version's \(Self.text(stable))"
        }
        return failure.map { .failed($0) } ?? .passed
    }

    private static func failure(of value: Double, _ bounds: NumberBounds, _ name: (Double) -> String)
        -> String?
    {
        if let max = bounds.max, value > max { return "\(text(value)) is above \(name(max))" }
        if let min = bounds.min, value < min { return "\(text(value)) is below \(name(min))" }
        return nil
    }

    private static func text(_ value: Double) -> String { Figures.text(value, digits: 6) }
}
