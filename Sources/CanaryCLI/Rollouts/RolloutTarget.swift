// SPDX-License-Identifier: Apache-2.0

import CanaryInsight
import CanaryJudge
import CanaryMesh
import CanaryResources

/// What a Rollout is about, in the cluster as it is.
struct RolloutTarget {
    /// The full name.
    let host: String
    let spec: RolloutSpec
    let planner: WeightPlanner
    private let snapshot: ClusterSnapshot
    private let namespace: String
    private let front: String

    /// - Parameter snapshot: the closure of the host.
    init(_ rollout: Resource, in snapshot: ClusterSnapshot) {
        spec = RolloutSpec(rollout.body)
        host = rollout.rolloutHost
        namespace = rollout.namespace
        front = RolloutVersions.front(of: rollout.name)
        self.snapshot = snapshot
        planner = WeightPlanner(snapshot, host: host, namespace: namespace)
    }

    var route: String? { spec.route?.description }

    /// What is to be done, after a look at whether the route can be split.
    func plan(_ settings: Settings) throws -> RolloutPlan {
        do {
            let stable = try stable()
            return RolloutPlan(spec, stable: stable, isSticky: isSticky(stable))
        } catch let error as WeightPlanError {
            throw CommandError(error, host, settings)
        }
    }

    /// The versions of a plan in the route.
    func pair(_ plan: RolloutPlan) throws(WeightPlanError) -> VersionPair? {
        try planner.pair(stable: plan.stable, canary: plan.canary, route: route, front: front)
    }

    private func stable() throws -> String {
        let canary = spec.canary
        let whole = try planner.plan(.all([canary: .whole]), route: route)
        let mine = whole.after.first { $0.weight > 0 }?.version ?? canary
        let largest = whole.before.filter { $0.version != mine }.max { $0.weight < $1.weight }
        guard let stable = spec.stable ?? largest?.version else {
            throw CommandError(
                "\(HostName.short(host)) has no other version than \"\(canary)\" to compare it with",
                hint: "name the stable one with --stable"
            )
        }
        guard stable != canary else {
            throw CommandError.wrongUsage(
                "\"\(canary)\" cannot be compared with itself",
                hint: "--stable names another version"
            )
        }
        _ = try planner.plan(.all([canary: .zero, stable: .whole]), route: route)
        return stable
    }

    /// What will go wrong at once.
    var warnings: [String] {
        let view = HostView(host, namespace: namespace, in: snapshot)
        let ready = view.destination(spec.canary).labels.map { labels in
            (view.service?.ports ?? []).contains { view.endpoints(labels, at: $0).contains(where: \.isReady) }
        }
        return ready == false ? ["no endpoint of \"\(spec.canary)\" is ready: it would get 503"] : []
    }

    /// Whether the requests of a user go together.
    private func isSticky(_ stable: String) -> Bool {
        let view = HostView(host, namespace: namespace, in: snapshot)
        let keys = [spec.canary, stable].map { view.destination($0).policy.trafficPolicy?.hashKey }
        return keys[0] != nil && keys[0] == keys[1]
    }
}

extension Resource {
    /// The full name of the host that a Rollout is about.
    var rolloutHost: String { HostName.resolve(rollout?.host ?? "", namespace: namespace) }
}
