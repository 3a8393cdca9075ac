// SPDX-License-Identifier: Apache-2.0

import CanaryInsight
import CanaryJudge
import CanaryResources
import CanaryStore

/// What proxies have counted of a route: how much there is to be expected.
struct CountedTraffic {
    /// Of the route; 0 where nothing was counted.
    var requestsPerSecond = 0.0
    /// With the version that is stable there.
    let plan: RolloutPlan
    var stableCounts = ArmCounts()
    /// Since when, in milliseconds since 1970.
    var since: Int64?

    /// `nil` without requests of the stable version. Where none failed, one in them and the next is assumed.
    var errorRate: Double? {
        guard stableCounts.ended > 0 else { return nil }
        guard stableCounts.errors == 0 else {
            return Double(stableCounts.errors) / Double(stableCounts.ended)
        }
        return 1 / Double(stableCounts.ended + 1)
    }

    /// - Throws: where the host or the version is not known, or the route cannot be split.
    init(_ rollout: PlannedRollout, _ session: ClusterSession) throws {
        let host = rollout.rollout.rolloutHost
        let (store, plan, pair, began) = try session.read { view in
            if try view.closure(of: [host]).isEmpty { throw try view.unknownHost(host, session.settings) }
            let target = try rollout.target(in: view)
            let plan = try target.plan(session.settings)
            let pair = try? target.pair(plan)
            let changes = try view.reader?.history(host: host) ?? []
            let began = Dictionary(changes.map { ($0.revision, $0.at) }) { first, _ in first }
            return (view.storeID, plan, pair, began)
        }
        self.plan = plan
        guard let pair else { return }
        count(try session.runtime.evidence(store: store, host: host), of: pair, began, session.context.now())
    }

    private mutating func count(
        _ evidence: [EvidenceKey: RouteEvidence],
        of pair: VersionPair,
        _ began: [Int64: Int64],
        _ now: Int64
    ) {
        let revisions = Dictionary(evidence.keys.map { ($0.epoch.commit, $0.epoch.revision) }) { $1 }
        var requests: UInt64 = 0
        for (commit, counts) in RolloutVersions.totals(
            evidence,
            of: pair,
            errors: plan.rules.errorStatuses
        ) {
            guard let revision = revisions[commit], let start = began[revision] else { continue }
            since = min(since ?? start, start)
            requests &+= counts.canary.assigned &+ counts.stable.assigned
            stableCounts.add(counts.stable)
        }
        guard let since, now > since else { return }
        requestsPerSecond = Double(requests) * 1000 / Double(now - since)
    }
}
