// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// What a Deployment's sets are to become next, as Kubernetes' controller decides it: one step, which others follow when its pods
/// have come and gone.
package struct DeploymentPlan: Sendable {
    /// All sets that remain.
    package private(set) var sets: [ReplicaSet]
    package private(set) var events: [ObjectEvent] = []

    private let spec: DeploymentSpec
    private let pods: [String: [ReplicaPod]]
    private let now: TimePoint

    /// - Parameter pods: by the names of the sets.
    package init(
        _ spec: DeploymentSpec,
        sets: [ReplicaSet],
        pods: [String: [ReplicaPod]],
        at now: TimePoint
    ) {
        self.spec = spec
        self.sets = sets.sorted { $0.number < $1.number }
        self.pods = pods
        self.now = now
        if spec.isPaused || isScalingEvent {
            scaleProportionally()
        } else {
            adoptNewSet()
            switch spec.strategy {
            case .recreate: recreate()
            case .rollingUpdate: roll()
            }
            forgetHistory()
        }
        noteShares()
    }

    // MARK: - Looking

    private var newIndex: Int? { sets.firstIndex { $0.template == spec.template } }

    private var total: Int { sets.reduce(0) { $0 + $1.replicas } }

    private var oldIndices: [Int] { sets.indices.filter { $0 != newIndex } }

    private func available(_ set: ReplicaSet) -> Int {
        (pods[set.name] ?? []).count { $0.isAvailable(after: spec.minReady, at: now) }
    }

    // MARK: - Changing

    private mutating func scale(_ index: Int, to replicas: Int) {
        let old = sets[index].replicas
        guard old != replicas else { return }
        sets[index].replicas = replicas
        let word = replicas > old ? "up" : "down"
        let text = "Scaled \(word) replica set \(sets[index].name) from \(old) to \(replicas)"
        events.append(.init(normal: "ScalingReplicaSet", text))
    }

    /// The set of the present template: a former one, or one that is made. It is the newest revision.
    private mutating func adoptNewSet() {
        let next = (sets.map(\.revision).max() ?? 0) + 1
        if let index = newIndex {
            if sets[index].revision < next - 1 { sets[index].revision = next }
            return
        }
        var collisions = 0
        var hash = PodTemplateHash.hash(spec.template)
        while sets.contains(where: { $0.hash == hash }) {
            collisions += 1
            hash = PodTemplateHash.hash(spec.template, collisions: collisions)
        }
        sets.append(
            ReplicaSet(
                name: "\(spec.name)-\(hash)",
                hash: hash,
                template: spec.template,
                replicas: 0,
                revision: next,
                number: (sets.map(\.number).max() ?? 0) + 1,
                share: .init(replicas: spec.replicas, most: spec.replicas + spec.maxSurge)
            )
        )
    }

    /// No pod of the new template before the last of the old ones is gone.
    private mutating func recreate() {
        for index in oldIndices { scale(index, to: 0) }
        let remains = oldIndices.contains { index in
            (pods[sets[index].name] ?? []).contains { !$0.phase.isFinal }
        }
        guard !remains, let new = newIndex else { return }
        scale(new, to: spec.replicas)
    }

    private mutating func roll() {
        guard let new = newIndex else { return }
        let before = sets[new].replicas
        growNewSet(new)
        // Old pods are looked at when the new ones have had their turn.
        if sets[new].replicas == before { shrinkOldSets(new) }
    }

    private mutating func growNewSet(_ new: Int) {
        let current = sets[new].replicas
        guard current < spec.replicas else { return scale(new, to: spec.replicas) }
        let room = max(spec.replicas + spec.maxSurge - total, 0)
        scale(new, to: current + min(room, spec.replicas - current))
    }

    private mutating func shrinkOldSets(_ new: Int) {
        let fewest = spec.replicas - spec.maxUnavailable
        // New pods that are not there yet may take nothing from the old ones.
        let unavailable = sets[new].replicas - available(sets[new])
        var allowed = total - fewest - unavailable
        guard allowed > 0 else { return }
        // What does not serve goes first: nobody misses it, and it could block the update.
        for index in oldIndices where allowed > 0 {
            let unhealthy = max(sets[index].replicas - available(sets[index]), 0)
            let count = min(allowed, unhealthy)
            scale(index, to: sets[index].replicas - count)
            allowed -= count
        }
        var spare = sets.reduce(0) { $0 + available($1) } - fewest
        for index in oldIndices where spare > 0 {
            let count = min(sets[index].replicas, spare)
            scale(index, to: sets[index].replicas - count)
            spare -= count
        }
    }

    private mutating func forgetHistory() {
        guard let new = newIndex, available(sets[new]) >= spec.replicas else { return }
        // The oldest ones that the limit leaves no place for, unless somebody still needs them.
        let surplus = oldIndices.map { sets[$0] }.sorted { $0.revision < $1.revision }
            .prefix(max(oldIndices.count - spec.revisionHistoryLimit, 0))
            .filter { $0.replicas == 0 && (pods[$0.name] ?? []).isEmpty }
        let names = Set(surplus.map(\.name))
        sets.removeAll { names.contains($0.name) }
    }

    private mutating func noteShares() {
        let share = ReplicaSet.Share(replicas: spec.replicas, most: spec.replicas + spec.maxSurge)
        for index in sets.indices { sets[index].share = share }
    }
}

// MARK: - Scaling in the middle of an update

extension DeploymentPlan {
    /// Whether the number of replicas is another than when the sets were scaled last.
    private var isScalingEvent: Bool {
        sets.contains { $0.replicas > 0 && $0.share.replicas != spec.replicas }
    }

    /// Each set gets its share of what is added or taken away, so that an update that goes on is neither hurried nor undone.
    private mutating func scaleProportionally() {
        let active = sets.indices.filter { sets[$0].replicas > 0 }
        if active.count <= 1 {
            // The only one that has pods, or the newest.
            guard let index = active.first ?? newIndex ?? sets.indices.last else { return }
            return scale(index, to: spec.replicas)
        }
        if let new = newIndex, sets[new].replicas == spec.replicas, available(sets[new]) == spec.replicas {
            for index in oldIndices { scale(index, to: 0) }
            return
        }
        guard case .rollingUpdate = spec.strategy else { return }
        let most = spec.replicas > 0 ? spec.replicas + spec.maxSurge : 0
        let wanted = most - total
        guard wanted != 0 else { return }
        // The largest first; of equal ones, the newer grow and the older shrink.
        let order = active.sorted { left, right in
            if sets[left].replicas != sets[right].replicas {
                return sets[left].replicas > sets[right].replicas
            }
            return wanted > 0 ? left > right : left < right
        }
        var sizes = order.map { sets[$0].replicas }
        var done = 0
        for (position, index) in order.enumerated() {
            let fraction = self.fraction(of: sets[index], most)
            let change = wanted > 0 ? min(fraction, wanted - done) : max(fraction, wanted - done)
            sizes[position] += change
            done += change
        }
        // What rounding left.
        sizes[0] = max(sizes[0] + wanted - done, 0)
        for (position, index) in order.enumerated() { scale(index, to: sizes[position]) }
    }

    /// By how much a set would change if all kept their proportions.
    private func fraction(of set: ReplicaSet, _ most: Int) -> Int {
        guard spec.replicas > 0, set.share.most > 0 else { return -set.replicas }
        let size = Double(set.replicas) * Double(most) / Double(set.share.most)
        return Int(size.rounded()) - set.replicas
    }
}
