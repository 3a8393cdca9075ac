// SPDX-License-Identifier: Apache-2.0

/// An entry of an autoscaler's `status.conditions`, with Kubernetes' reasons and words.
package struct AutoscalerCondition: Hashable, Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        case ableToScale = "AbleToScale"
        case scalingActive = "ScalingActive"
        case scalingLimited = "ScalingLimited"
    }

    package enum Reason: String, Sendable {
        case succeededGetScale = "SucceededGetScale"
        case failedGetScale = "FailedGetScale"
        case succeededRescale = "SucceededRescale"
        case failedUpdateScale = "FailedUpdateScale"
        case readyForNewScale = "ReadyForNewScale"
        case scaleUpStabilized = "ScaleUpStabilized"
        case scaleDownStabilized = "ScaleDownStabilized"
        case scalingDisabled = "ScalingDisabled"
        case ambiguousSelector = "AmbiguousSelector"
        case validMetricFound = "ValidMetricFound"
        case failedGetResourceMetric = "FailedGetResourceMetric"
        case failedGetContainerResourceMetric = "FailedGetContainerResourceMetric"
        case failedGetPodsMetric = "FailedGetPodsMetric"
        case failedGetObjectMetric = "FailedGetObjectMetric"
        case failedGetExternalMetric = "FailedGetExternalMetric"
        case invalidMetricSourceType = "InvalidMetricSourceType"
        case desiredWithinRange = "DesiredWithinRange"
        case tooFewReplicas = "TooFewReplicas"
        case tooManyReplicas = "TooManyReplicas"
        case scaleUpLimit = "ScaleUpLimit"
        case scaleDownLimit = "ScaleDownLimit"
    }

    package var kind: Kind
    package var isTrue: Bool
    package var reason: Reason
    package var message: String
    /// When it last became true or false.
    package var lastTransition: TimePoint

    package init(
        _ kind: Kind,
        _ isTrue: Bool,
        _ reason: Reason,
        _ message: String? = nil,
        at time: TimePoint
    ) {
        self.kind = kind
        self.isTrue = isTrue
        self.reason = reason
        self.message = message ?? reason.message
        lastTransition = time
    }
}

extension AutoscalerCondition.Reason {
    /// What Kubernetes says; empty for reasons whose words tell more.
    var message: String {
        switch self {
        case .succeededGetScale: "the HPA controller was able to get the target's current scale"
        case .readyForNewScale: "recommended size matches current size"
        case .scaleUpStabilized:
            "recent recommendations were lower than current one, applying the lowest recent recommendation"
        case .scaleDownStabilized:
            "recent recommendations were higher than current one, applying the highest recent recommendation"
        case .scalingDisabled: "scaling is disabled since the replica count of the target is zero"
        case .desiredWithinRange: "the desired count is within the acceptable range"
        case .tooFewReplicas: "the desired replica count is less than the minimum replica count"
        case .tooManyReplicas: "the desired replica count is more than the maximum replica count"
        case .scaleUpLimit: "the desired replica count is increasing faster than the maximum scale rate"
        case .scaleDownLimit: "the desired replica count is decreasing faster than the maximum scale rate"
        default: ""
        }
    }
}

extension [AutoscalerCondition] {
    /// Replaces the condition of the same kind; when that became what it is stays as long as it stays true or false.
    mutating func set(_ condition: AutoscalerCondition) {
        guard let index = firstIndex(where: { $0.kind == condition.kind }) else {
            append(condition)
            return
        }
        var condition = condition
        if self[index].isTrue == condition.isTrue { condition.lastTransition = self[index].lastTransition }
        self[index] = condition
    }
}
