// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// What a node tells others of an autoscaler. Its moments are milliseconds since 1970.
package struct AutoscalerStatus: Hashable, Sendable {
    /// Of the object that was looked at: what was edited since says nothing about its metrics.
    package var generation: Int64
    package var metrics: [MetricStatus]
    package var conditions: [AutoscalerCondition]
    package var current: Int
    package var desired: Int
    package var lastScaleTime: TimePoint?

    /// - Parameter wallOffset: what is added to a moment to make it milliseconds since 1970.
    package init(
        _ report: AutoscalerReport,
        generation: Int64,
        lastScaleTime: TimePoint?,
        wallOffset: Int64
    ) {
        let offset = Duration.milliseconds(wallOffset)
        self.generation = generation
        metrics = report.metrics
        conditions = report.conditions.map { condition in
            var condition = condition
            condition.lastTransition = condition.lastTransition + offset
            return condition
        }
        current = report.current
        desired = report.desired
        self.lastScaleTime = lastScaleTime.map { $0 + offset }
    }
}

extension AutoscalerReport {
    /// Of what a node told.
    ///
    /// - Parameters:
    ///   - status: `nil` where no node runs, or it has not looked yet.
    ///   - generation: of the object that `spec` is of.
    package init(_ spec: AutoscalerSpec, _ status: AutoscalerStatus?, generation: Int64, targetKind: String) {
        self.spec = spec
        self.targetKind = targetKind
        let known = status.flatMap { $0.generation == generation ? $0.metrics : nil } ?? []
        metrics = spec.metrics.enumerated().map { index, metric in
            var result = index < known.count ? known[index] : MetricStatus(spec: metric)
            result.spec = metric
            return result
        }
        conditions = status?.conditions ?? []
        current = status?.current ?? 0
        desired = status?.desired ?? 0
    }
}

// MARK: - As text

extension AutoscalerStatus {
    package var node: Node {
        var fields = Mapping()
        fields["generation"] = .integer(generation)
        fields["metrics"] = .sequence(metrics.map(\.node))
        fields["conditions"] = .sequence(conditions.map(\.node))
        fields["current"] = .integer(Int64(current))
        fields["desired"] = .integer(Int64(desired))
        fields["lastScaleTime"] = lastScaleTime.map { .integer($0.milliseconds) }
        return Node(.mapping(fields))
    }

    /// `nil` for what no node of this version wrote.
    package init?(_ node: Node) {
        guard let generation = node["generation"]?.integer, let current = node["current"]?.count,
            let desired = node["desired"]?.count
        else { return nil }
        self.generation = generation
        (self.current, self.desired) = (current, desired)
        metrics = (node["metrics"]?.items ?? []).map(MetricStatus.init)
        conditions = (node["conditions"]?.items ?? []).compactMap(AutoscalerCondition.init)
        lastScaleTime = node["lastScaleTime"]?.integer.map(TimePoint.init(milliseconds:))
    }
}

extension MetricStatus {
    fileprivate var node: Node {
        var fields = Mapping()
        fields["utilization"] = utilization.map { .integer(Int64($0)) }
        fields["thousandths"] = value.map { .integer($0.thousandths) }
        fields["replicas"] = replicas.map { .integer(Int64($0)) }
        return Node(.mapping(fields))
    }

    /// The spec is the object's: whoever reads knows it.
    fileprivate init(_ node: Node) {
        self.init(
            spec: .usual,
            utilization: node["utilization"]?.count,
            value: node["thousandths"]?.integer.map(MilliValue.init(_:)),
            replicas: node["replicas"]?.count
        )
    }
}

extension AutoscalerCondition {
    fileprivate var node: Node {
        .mapping([
            "type": .string(kind.rawValue), "status": Node(.bool(isTrue)), "reason": .string(reason.rawValue),
            "message": .string(message), "since": .integer(lastTransition.milliseconds),
        ])
    }

    fileprivate init?(_ node: Node) {
        guard let kind = node["type"]?.string.flatMap(Kind.init), let isTrue = node["status"]?.bool,
            let reason = node["reason"]?.string.flatMap(Reason.init), let since = node["since"]?.integer
        else { return nil }
        self.init(
            kind,
            isTrue,
            reason,
            node["message"]?.string ?? "",
            at: TimePoint(milliseconds: since)
        )
    }
}
