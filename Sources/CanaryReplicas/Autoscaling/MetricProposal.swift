// SPDX-License-Identifier: Apache-2.0

/// What one metric of an autoscaler came to.
package struct MetricStatus: Hashable, Sendable {
    package var spec: MetricSpec
    /// Percent of what the pods request, where that is the target.
    package var utilization: Int?
    /// Of the whole where the target is a `value`, else for each pod; `nil` where nothing is known.
    package var value: MilliValue?
    /// The replicas that this metric alone would have.
    package var replicas: Int?
}

/// Why one metric of an autoscaler came to nothing.
struct MetricFailure: Error, Equatable {
    var reason: AutoscalerCondition.Reason
    var text: String
    /// For the sentence about all metrics.
    var summary: String

    /// For the condition.
    var message: String { "the HPA was unable to compute the replica count: \(text)" }
}

extension ReplicaCalculator {
    /// What one metric wants. `running` is how many pods there are, which can be more than the target shall have.
    func evaluate(_ spec: MetricSpec, _ reading: MetricReading, running: Int) throws(MetricFailure)
        -> MetricStatus
    {
        do throws(MetricProblem) {
            let proposal = try proposal(spec, reading, running: running)
            return MetricStatus(
                spec: spec,
                utilization: proposal.utilization,
                value: proposal.value,
                replicas: proposal.replicas
            )
        } catch {
            throw MetricFailure(error, of: spec)
        }
    }

    private func proposal(_ spec: MetricSpec, _ reading: MetricReading, running: Int) throws(MetricProblem)
        -> Proposal
    {
        switch (spec.source, spec.target) {
        case (.unknown(let type), _): throw .unknownType(type)
        case (.resource(let name), .utilization(let percent)?):
            return try replicas(utilization: percent, of: name, container: nil, reading.perPod(spec))
        case (.containerResource(let name, let container), .utilization(let percent)?):
            return try replicas(utilization: percent, of: name, container: container, reading.perPod(spec))
        case (.resource(let name), .averageValue(let value)?),
            (.containerResource(let name, _), .averageValue(let value)?):
            return try replicas(averageValue: value, isCPU: name == "cpu", reading.perPod(spec))
        case (.pods, .averageValue(let value)?):
            return try replicas(averageValue: value, isCPU: false, reading.perPod(spec))
        case (.object, .value(let value)?), (.external, .value(let value)?):
            return try replicas(value: value, reading.whole(spec))
        case (.object, .averageValue(let value)?), (.external, .averageValue(let value)?):
            return replicas(averageValue: value, try reading.whole(spec), among: running)
        default: throw .noTarget(of: spec.source.word, lacks: spec.source.possibleTargets)
        }
    }
}

extension MetricReading {
    fileprivate func perPod(_ spec: MetricSpec) throws(MetricProblem) -> [String: PodMetric] {
        guard case .pods(let values) = self, !values.isEmpty else { throw missing(spec) }
        return values
    }

    fileprivate func whole(_ spec: MetricSpec) throws(MetricProblem) -> MilliValue {
        guard case .object(let value) = self else { throw missing(spec) }
        return value
    }

    private func missing(_ spec: MetricSpec) -> MetricProblem {
        guard case .unavailable(let text) = self else {
            return .unavailable("unable to get metrics for \(spec.source.subject): no metrics returned")
        }
        return .unavailable("unable to get metrics for \(spec.source.subject): \(text)")
    }
}

extension MetricFailure {
    init(_ problem: MetricProblem, of spec: MetricSpec) {
        let what: String
        switch spec.source {
        case .resource(let name), .containerResource(let name, _):
            let isUsage = if case .averageValue? = spec.target { true } else { false }
            text = "failed to get \(name) \(isUsage ? "usage" : "utilization"): \(problem)"
            let isContainer = if case .containerResource = spec.source { true } else { false }
            what = isContainer ? "\(name) container" : "\(name) resource"
            reason = isContainer ? .failedGetContainerResourceMetric : .failedGetResourceMetric
        case .pods: (text, what, reason) = ("\(problem)", "pods", .failedGetPodsMetric)
        case .object: (text, what, reason) = ("\(problem)", "object", .failedGetObjectMetric)
        case .external(let metric):
            (text, what, reason) = ("\(problem)", "\(metric) external", .failedGetExternalMetric)
        case .unknown: (text, what, reason) = ("\(problem)", "", .invalidMetricSourceType)
        }
        summary = what.isEmpty ? text : "failed to get \(what) metric value: \(text)"
    }
}

extension MetricSpec {
    /// How Kubernetes names it as a reason.
    var title: String {
        let isUtilization = if case .utilization? = target { true } else { false }
        let suffix = isUtilization ? " utilization (percentage of request)" : ""
        return switch source {
        case .resource(let name): "\(name) resource\(suffix)"
        case .containerResource(let name, _): "\(name) container resource\(suffix)"
        case .pods(let metric): "pods metric \(metric)"
        case .object(let metric, let kind, _): "\(kind) metric \(metric)"
        case .external(let metric): "external metric \(metric)"
        case .unknown(let type): type
        }
    }
}

extension MetricSpec.Source {
    fileprivate var word: String {
        switch self {
        case .resource: "resource"
        case .containerResource: "container resource"
        case .pods: "pods"
        case .object: "object"
        case .external, .unknown: "external"
        }
    }

    fileprivate var possibleTargets: String {
        switch self {
        case .resource, .containerResource: "an average utilization target nor an average value target"
        default: "a value target nor an average value target"
        }
    }

    fileprivate var subject: String {
        switch self {
        case .resource(let name): "resource \(name)"
        case .containerResource(let name, let container): "resource \(name) of container \(container)"
        case .pods(let metric): "pods metric \(metric)"
        case .object(let metric, let kind, let name): "\(metric) of \(kind) \(name)"
        case .external(let metric): "external metric \(metric)"
        case .unknown(let type): type
        }
    }
}
