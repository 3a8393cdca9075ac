// SPDX-License-Identifier: Apache-2.0

import CanaryInsight
import CanaryJudge
import CanaryResources

/// What the proxies counted, as the judge takes it.
enum RolloutEvidence {
    /// The totals of a route's two versions by epoch. First attempts count, as ``ArmCounts`` takes them.
    static func totals(_ evidence: [EvidenceKey: RouteEvidence], of pair: VersionPair) -> [String: ArmPair] {
        var sums: [String: (canary: RouteEvidence, stable: RouteEvidence)] = [:]
        for (key, counted) in evidence {
            let commit = key.epoch.commit
            if pair.canary.contains(where: { pair.isOfSameRoute(key, as: $0) }) {
                sums[commit, default: (RouteEvidence(), RouteEvidence())].canary.add(counted)
            } else if pair.stable.contains(where: { pair.isOfSameRoute(key, as: $0) }) {
                sums[commit, default: (RouteEvidence(), RouteEvidence())].stable.add(counted)
            }
        }
        return sums.mapValues { ArmPair(canary: ArmCounts($0.canary), stable: ArmCounts($0.stable)) }
    }
}
