// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// A number of pods, or a part of all of them.
package enum PodCount: Hashable, Sendable {
    case count(Int)
    case percent(Int)

    init?(_ node: Node?) {
        if let count = node?.count {
            self = .count(count)
        } else if let text = node?.string, text.hasSuffix("%"), let percent = Int32(text.dropLast()) {
            self = .percent(Int(percent))
        } else {
            return nil
        }
    }

    func resolved(of replicas: Int, roundsUp: Bool) -> Int {
        switch self {
        case .count(let count): max(count, 0)
        case .percent(let percent): max((replicas * percent + (roundsUp ? 99 : 0)) / 100, 0)
        }
    }
}

/// What a Deployment asks for, with Kubernetes' defaults filled in.
package struct DeploymentSpec: Sendable {
    package enum Strategy: Hashable, Sendable {
        case recreate
        case rollingUpdate(maxSurge: PodCount, maxUnavailable: PodCount)

        package static let usual = Strategy.rollingUpdate(
            maxSurge: .percent(25),
            maxUnavailable: .percent(25)
        )
    }

    package var name: String
    package var replicas: Int
    package var strategy: Strategy
    package var template: Node
    package var minReady: Duration
    package var progressDeadline: Duration
    package var revisionHistoryLimit: Int
    package var isPaused: Bool

    package init(
        name: String,
        replicas: Int,
        strategy: Strategy = .usual,
        template: Node,
        minReady: Duration = .zero,
        progressDeadline: Duration = .seconds(600),
        revisionHistoryLimit: Int = 10,
        isPaused: Bool = false
    ) {
        self.name = name
        self.replicas = replicas
        self.strategy = strategy
        self.template = template
        self.minReady = minReady
        self.progressDeadline = progressDeadline
        self.revisionHistoryLimit = revisionHistoryLimit
        self.isPaused = isPaused
    }

    /// Of an object whose body is kept; `nil` for one of another kind.
    package init?(_ resource: Resource) {
        guard resource.deployment != nil else { return nil }
        let spec = resource.body["spec"]
        self.init(
            name: resource.name,
            replicas: max(spec?["replicas"]?.count ?? 1, 0),
            strategy: Self.strategy(spec?["strategy"]),
            template: spec?["template"] ?? .mapping([:]),
            minReady: max(spec?["minReadySeconds"]?.seconds ?? .zero, .zero),
            progressDeadline: spec?["progressDeadlineSeconds"]?.seconds ?? .seconds(600),
            revisionHistoryLimit: max(spec?["revisionHistoryLimit"]?.count ?? 10, 0),
            isPaused: spec?["paused"]?.bool ?? false
        )
    }

    private static func strategy(_ node: Node?) -> Strategy {
        if node?["type"]?.string == "Recreate" { return .recreate }
        let rolling = node?["rollingUpdate"]
        return .rollingUpdate(
            maxSurge: PodCount(rolling?["maxSurge"]) ?? .percent(25),
            maxUnavailable: PodCount(rolling?["maxUnavailable"]) ?? .percent(25)
        )
    }

    /// How many more pods there may be than replicas; rounded up.
    package var maxSurge: Int {
        guard case .rollingUpdate(let surge, _) = strategy else { return 0 }
        return surge.resolved(of: replicas, roundsUp: true)
    }

    /// How many replicas may be missing; rounded down, and one where nothing could move otherwise.
    package var maxUnavailable: Int {
        guard case .rollingUpdate(_, let unavailable) = strategy, replicas > 0 else { return 0 }
        let count = unavailable.resolved(of: replicas, roundsUp: false)
        return min(count == 0 && maxSurge == 0 ? 1 : count, replicas)
    }
}
