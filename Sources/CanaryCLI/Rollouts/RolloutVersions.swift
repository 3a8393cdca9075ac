// SPDX-License-Identifier: Apache-2.0

import CanaryInsight
import CanaryJudge
import CanaryMesh
import CanaryResources
import CanaryStore

/// The two versions of a rollout, where they are, and how the route's text says what the rollout wants.
struct RolloutVersions {
    let host: String
    /// The clients', which decides which routes there are.
    let namespace: String
    let stable: String
    let canary: String
    private let spec: RolloutSpec
    private let errors: ErrorStatuses
    /// The name of the route in front of the split, for what matches a step's condition.
    private let front: String

    init(_ record: RolloutRecord, _ spec: RolloutSpec, _ plan: RolloutPlan) {
        (host, namespace) = (record.host, record.namespace)
        (stable, canary) = (plan.stable, plan.canary)
        self.spec = spec
        errors = plan.rules.errorStatuses
        front = Self.front(of: record.name)
    }

    static func front(of rollout: String) -> String { "rollout-\(rollout)" }

    private var route: String? { spec.route?.description }

    // MARK: - Reading

    func pair(in snapshot: ClusterSnapshot) throws(WeightPlanError) -> VersionPair? {
        try planner(snapshot).pair(stable: stable, canary: canary, route: route, front: front)
    }

    /// `nil` where the route gives others requests, or the two in more ways than one.
    func setting(_ pair: VersionPair) -> RouteSetting? {
        guard let share = pair.share else { return nil }
        if let blocks = pair.frontBlocks {
            guard share.part == 0, pair.copies == nil else { return nil }
            for case .match(let step) in spec.steps.map(\.setting) where pair.conditions(step) == blocks {
                return .focus(RolloutStep.Setting.name(of: step))
            }
            return nil
        }
        guard let copies = pair.copies else { return .split(Share(share.part, of: share.whole)) }
        return share.part == 0 ? .mirror(Share(copies)) : nil
    }

    /// What counts are of the route's setting. Copies do not change a split, so that its commit alone would not tell.
    func epoch(_ pair: VersionPair) -> String {
        if pair.front == nil, pair.copies != nil { return Self.ofCopies(pair.epoch.commit) }
        return pair.lastEpoch.commit
    }

    private static func ofCopies(_ commit: String) -> String { "\(commit)+copies" }

    func totals(_ evidence: [EvidenceKey: RouteEvidence], of pair: VersionPair) -> [String: ArmPair] {
        Self.totals(evidence, of: pair, errors: errors)
    }

    /// The totals of the two versions by epoch. First attempts count, as ``ArmCounts`` takes them.
    static func totals(
        _ evidence: [EvidenceKey: RouteEvidence],
        of pair: VersionPair,
        errors: ErrorStatuses
    ) -> [String: ArmPair] {
        var sums: [String: (canary: RouteEvidence, stable: RouteEvidence)] = [:]
        let none = (RouteEvidence(), RouteEvidence())
        for (key, counted) in evidence {
            let commit = key.epoch.commit
            switch pair.part(of: key) {
            case .stable:
                sums[commit, default: none].stable.add(counted)
                sums[ofCopies(commit), default: none].stable.add(counted)
            case .copies: sums[ofCopies(commit), default: none].canary.add(counted)
            case .canary, .front: sums[commit, default: none].canary.add(counted)
            case nil: break
            }
        }
        return sums.mapValues { sum in
            ArmPair(
                canary: ArmCounts(sum.canary, errors: errors),
                stable: ArmCounts(sum.stable, errors: errors)
            )
        }
    }

    // MARK: - Changing

    /// `nil` where the condition is none of the rollout's.
    func plan(_ setting: RouteSetting, in snapshot: ClusterSnapshot) throws(WeightPlanError) -> WeightPlan? {
        guard let traffic = traffic(setting) else { return nil }
        return try planner(snapshot).plan(
            traffic,
            stable: stable,
            canary: canary,
            route: route,
            front: front
        )
    }

    private func traffic(_ setting: RouteSetting) -> CanaryTraffic? {
        switch setting {
        case .split(let share): .share(Percentage(share))
        case .mirror(let share): .copies(Percentage(share))
        case .focus(let name): spec.matchBlocks(named: name).map { .matching($0) }
        }
    }

    /// For the history of the host.
    func summary(of setting: RouteSetting, _ plan: WeightPlan) -> String {
        switch setting {
        case .split(let share): plan.summary(of: .one(canary, Percentage(share)))
        case .mirror, .focus: "\(canary) gets \(setting)"
        }
    }

    private func planner(_ snapshot: ClusterSnapshot) -> WeightPlanner {
        WeightPlanner(snapshot, host: host, namespace: namespace)
    }
}

extension VersionPair {
    /// The newest of the epochs that decide what the canary gets.
    var lastEpoch: RouteEpoch {
        guard let front = front?.epoch else { return epoch }
        return front.revision > epoch.revision ? front : epoch
    }

    /// Whether nothing can have been counted before a commit.
    func began(with commit: RouteEpoch) -> Bool { lastEpoch.commit == commit.commit }
}

extension Percentage {
    /// Exact for whole ten-thousandths of a percent, as manifests and the command line have them.
    init(_ share: Share) {
        let product = share.part.multipliedFullWidth(by: UInt64(Percentage.whole.millionths))
        self.init(millionths: Int(share.whole.dividingFullWidth(product).quotient))
    }
}
