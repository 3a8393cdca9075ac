// SPDX-License-Identifier: Apache-2.0

extension RolloutScreen {
    /// A version's pods on a node.
    package struct Pods: Sendable, Equatable {
        package var ready: Int
        package var declared: Int

        package init(ready: Int, declared: Int) {
            self.ready = ready
            self.declared = declared
        }
    }

    /// How many pods are ready of those that are declared, and what they have to do.
    var replicas: [ScreenLine] {
        let rates = timeline.rates
        let versions = [(plan.stable, rates.stable), (plan.canary, rates.canary)].filter { pods[$0.0] != nil }
        guard !versions.isEmpty else { return [] }
        func line(_ tellsEach: Bool) -> ScreenLine {
            var line = ScreenLine(padded("pods", 10))
            for (index, (version, rate)) in versions.enumerated() {
                guard let own = pods[version] else { continue }
                line.add("\(index > 0 ? "   " : "")\(padded(version, nameWidth)) ")
                line.add("\(own.ready)/\(own.declared) ready", own.ready < own.declared ? .bad : .plain)
                line.add(", \(perSecond(rate))")
                guard tellsEach, own.ready > 1 else { continue }
                line.add(", each \(perSecond(rate / Double(own.ready)))", .faint)
            }
            return line
        }
        let whole = line(true)
        return [whole.text.count <= columns ? whole : line(false)]
    }

    private func perSecond(_ rate: Double) -> String { "\(Figures.text(rate, digits: 3))/s" }
}
