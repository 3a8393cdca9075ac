// SPDX-License-Identifier: Apache-2.0

/// What is known of an autoscaler, in the lines of `kubectl describe hpa` and the columns of `kubectl get hpa`.
package struct AutoscalerReport: Sendable {
    package var spec: AutoscalerSpec
    package var metrics: [MetricStatus]
    package var conditions: [AutoscalerCondition]
    package var current: Int
    package var desired: Int
    /// `Deployment`, as the lines name what is scaled.
    package var targetKind: String

    package init(
        _ autoscaler: Autoscaler,
        _ spec: AutoscalerSpec,
        current: Int,
        desired: Int,
        targetKind: String = "Deployment"
    ) {
        self.spec = spec
        // Before the first look, and after an edit, nothing is known of a metric.
        metrics = spec.metrics.map { metric in
            autoscaler.metrics.first { $0.spec == metric } ?? MetricStatus(spec: metric)
        }
        conditions = autoscaler.conditions
        self.current = current
        self.desired = desired
        self.targetKind = targetKind
    }

    // MARK: - Columns

    /// `cpu: 31%/50%, 12/20 + 1 more...`
    package var targets: String {
        guard metrics.count > 3 else { return metrics.map(\.column).joined(separator: ", ") }
        return metrics.prefix(2).map(\.column).joined(separator: ", ") + " + \(metrics.count - 2) more..."
    }

    /// Each metric by what it measures; `current` is `nil` where nothing is known.
    package var metricRows: [(name: String, current: String?, target: String)] {
        metrics.map { ($0.spec.title, $0.value == nil ? nil : $0.current, $0.spec.targetText) }
    }

    // MARK: - Lines

    /// A name and what it is, beneath each other; what has no value begins a group.
    package var fields: [(name: String, value: String)] {
        var fields = [(name: "Metrics", value: "( current / target )")]
        fields += metrics.map { ("  \($0.spec.subject)", "\($0.current) / \($0.spec.targetText)") }
        fields.append(("Min replicas", "\(spec.minReplicas)"))
        fields.append(("Max replicas", "\(spec.maxReplicas)"))
        if let behavior = spec.behavior {
            fields.append(("Behavior", ""))
            fields += Self.rules("Scale Up", behavior.scaleUp) + Self.rules("Scale Down", behavior.scaleDown)
        }
        fields.append(("\(targetKind) pods", "\(current) current / \(desired) desired"))
        return fields
    }

    private static func rules(_ name: String, _ rules: ScalingRules) -> [(name: String, value: String)] {
        var fields = [(name: "  \(name)", value: "")]
        fields.append(("    Stabilization Window", "\(rules.stabilizationWindow.components.seconds) seconds"))
        fields.append(("    Select Policy", rules.selection.rawValue))
        fields.append(("    Policies", ""))
        for policy in rules.policies {
            let change =
                switch policy.change {
                case .pods(let count): "Type: Pods  Value: \(count)"
                case .percent(let percent): "Type: Percent  Value: \(percent)"
                }
            fields.append(("      - \(change)  Period: \(policy.period.components.seconds) seconds", ""))
        }
        if let tolerance = rules.tolerance { fields.append(("    Tolerance", "\(tolerance)")) }
        return fields
    }

    /// Rows of `Type`, `Status`, `Reason`, `Message`.
    package var conditionRows: [[String]] {
        conditions.map { [$0.kind.rawValue, $0.isTrue ? "True" : "False", $0.reason.rawValue, $0.message] }
    }

    /// The replicas that each metric alone would have: what the largest of them is came to be the recommendation.
    package var reasoning: [String] {
        metrics.map { metric in
            guard let replicas = metric.replicas else { return "\(metric.spec.title): unknown" }
            return "\(metric.spec.title): \(metric.current) of \(metric.spec.targetText) asks for \(replicas)"
        }
    }
}

extension MetricStatus {
    /// `31% (62m)`, `12500m`
    fileprivate var current: String {
        guard let value else { return "<unknown>" }
        return utilization.map { "\($0)% (\(value))" } ?? "\(value)\(spec.averageMark)"
    }

    fileprivate var column: String {
        let numbers =
            if case .utilization? = spec.target {
                "\(utilization.map { "\($0)%" } ?? "<unknown>")/\(spec.targetText)"
            } else {
                "\(value.map(String.init(describing:)) ?? "<unknown>")/\(spec.targetText)"
            }
        return switch spec.source {
        case .resource(let name), .containerResource(let name, _): "\(name): \(numbers)"
        default: numbers
        }
    }
}

extension MetricSpec {
    fileprivate var targetText: String {
        switch target {
        case .utilization(let percent): "\(percent)%"
        case .averageValue(let value), .value(let value): "\(value)\(averageMark)"
        case nil: "<auto>"
        }
    }

    /// Where a number could be for all pods or for each.
    fileprivate var averageMark: String {
        switch (target, source) {
        case (.averageValue, .object), (.averageValue, .external): " (avg)"
        default: ""
        }
    }

    fileprivate var subject: String {
        let isUtilization = if case .utilization? = target { true } else { false }
        let suffix = isUtilization ? "  (as a percentage of request)" : ""
        return switch source {
        case .resource(let name): "resource \(name) on pods\(suffix)"
        case .containerResource(let name, let container):
            "resource \(name) of container \"\(container)\" on pods\(suffix)"
        case .pods(let metric): "\"\(metric)\" on pods"
        case .object(let metric, let kind, let name): "\"\(metric)\" on \(kind)/\(name)"
        case .external(let metric): "\"\(metric)\" (target value)"
        case .unknown(let type): "\"\(type)\""
        }
    }
}
