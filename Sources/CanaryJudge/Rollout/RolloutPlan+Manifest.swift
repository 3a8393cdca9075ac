// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

extension RolloutPlan {
    /// What a manifest asks for. Who knows the cluster says which version is stable, and whether the route's traffic is sticky:
    /// then users are counted instead of requests.
    package init(_ spec: RolloutSpec, stable: String, isSticky: Bool = false) {
        self.init(stable: stable, canary: spec.canary, steps: spec.steps.map(Step.init))
        ramp = spec.ramp == .fixed ? .fixed : .evidence
        hold = spec.hold
        stepDeadline = spec.stepDeadline
        rules = JudgeRules(spec.analysis)
        rules.unit = isSticky ? .users : .requests
        warmUp = spec.analysis.warmUp
        gates = spec.analysis.metrics.map {
            Gate($0.name, abortsOnFailure: $0.onFailure == .abort, failureLimit: $0.failureLimit)
        }
        notices = spec.notifications.map(\.events)
        onAbort = spec.onAbort == .freeze ? .freeze : .takeBack
        watch = spec.watch
        takesBackAfterPromotion = spec.takesBackAfterPromotion
        onControllerLost = ControllerLoss(
            after: spec.controllerLostAfter,
            fallsBack: spec.onControllerLost == .stable
        )
        group = spec.group
    }
}

extension RolloutPlan.Step {
    package init(_ step: RolloutStep) {
        self.init(RouteSetting(step.setting), hold: step.hold, waitsForResume: step.pause)
    }
}

extension RouteSetting {
    /// A focus has the name of its match blocks, see ``RolloutSpec/matchBlocks(named:)``.
    package init(_ setting: RolloutStep.Setting) {
        self =
            switch setting {
            case .split(let share): .split(Share(share))
            case .mirror(let share): .mirror(Share(share))
            case .match(let blocks): .focus(RolloutStep.Setting.name(of: blocks))
            }
    }
}

extension RolloutSpec {
    /// The match blocks of a focused step, as a VirtualService takes them.
    package func matchBlocks(named name: String) -> [Node]? {
        for case .match(let blocks) in steps.map(\.setting) where RolloutStep.Setting.name(of: blocks) == name
        {
            return blocks
        }
        return nil
    }
}

extension Share {
    package init(_ percentage: Percentage) {
        self.init(millionths: UInt64(max(percentage.millionths, 0)))
    }
}

extension JudgeRules {
    package init(_ analysis: RolloutAnalysis) {
        self.init()
        alpha = analysis.alpha ?? alpha
        comparesErrors = analysis.comparesErrors
        errorStatuses = analysis.errorStatuses ?? errorStatuses
        errorTolerance = analysis.errorTolerance ?? errorTolerance
        errorFloor = analysis.errorFloor.map { $0 > .zero ? Share($0) : nil } ?? errorFloor
        errorLimit = analysis.errorLimit.map { Share($0) }
        quantiles = analysis.comparesLatency ? analysis.quantiles.map(Self.quantiles) ?? quantiles : []
        slowdown = analysis.slowdown ?? slowdown
        latencyFloor = analysis.latencyFloor?.milliseconds ?? latencyFloor
        latencyLimit = analysis.latencyLimit?.milliseconds
    }

    private static func quantiles(_ values: [Int]) -> [LatencyQuantile] {
        Set(values.compactMap(LatencyQuantile.init)).sorted()
    }
}
