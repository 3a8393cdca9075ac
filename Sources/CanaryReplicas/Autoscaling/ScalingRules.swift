// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// How fast an autoscaler may go into one direction: `behavior.scaleUp` or `behavior.scaleDown`, with Kubernetes' defaults.
package struct ScalingRules: Hashable, Sendable {
    package enum Selection: String, Sendable {
        case max = "Max"
        case min = "Min"
        case disabled = "Disabled"
    }

    package struct Policy: Hashable, Sendable {
        package enum Change: Hashable, Sendable {
            case pods(Int)
            case percent(Int)
        }

        package var change: Change
        package var period: Duration

        package init(_ change: Change, per period: Duration) {
            self.change = change
            self.period = period
        }
    }

    package var stabilizationWindow: Duration
    package var selection: Selection
    package var policies: [Policy]
    /// By which part the metrics may miss their target without anything being done; `nil` is the controller's own.
    package var tolerance: Double?

    package init(
        stabilizationWindow: Duration,
        selection: Selection = .max,
        policies: [Policy],
        tolerance: Double? = nil
    ) {
        self.stabilizationWindow = stabilizationWindow
        self.selection = selection
        self.policies = policies
        self.tolerance = tolerance
    }

    package static let usualUp = ScalingRules(
        stabilizationWindow: .zero,
        policies: [Policy(.pods(4), per: .seconds(15)), Policy(.percent(100), per: .seconds(15))]
    )
    package static let usualDown = ScalingRules(
        stabilizationWindow: .seconds(300),
        policies: [Policy(.percent(100), per: .seconds(15))]
    )

    /// Kubernetes refuses longer ones; what is remembered stays bounded.
    static let longestWindow = Duration.seconds(3600)
    static let longestPeriod = Duration.seconds(1800)

    /// What a manifest leaves out is as in `usual`.
    init(_ node: Node?, usual: ScalingRules) {
        self = usual
        if let window = node?["stabilizationWindowSeconds"]?.seconds {
            stabilizationWindow = min(window, Self.longestWindow)
        }
        if let name = node?["selectPolicy"]?.string, let value = Selection(rawValue: name) {
            selection = value
        }
        let written = (node?["policies"]?.items ?? []).compactMap(Policy.init)
        if !written.isEmpty { policies = written }
        tolerance = Quantity(node?["tolerance"])?.value
    }
}

extension ScalingRules.Policy {
    init?(_ node: Node) {
        guard let value = node["value"]?.count, let period = node["periodSeconds"]?.seconds else {
            return nil
        }
        let bounded = min(period, ScalingRules.longestPeriod)
        switch node["type"]?.string {
        case "Pods": self.init(.pods(value), per: bounded)
        case "Percent": self.init(.percent(value), per: bounded)
        default: return nil
        }
    }
}
