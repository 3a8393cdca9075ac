// SPDX-License-Identifier: Apache-2.0

/// What an autoscaler recommended and did lately, by which it goes no faster than it may.
struct ScaleHistory: Sendable {
    struct Entry: Equatable, Sendable {
        var replicas: Int
        var time: TimePoint
    }

    struct Stabilized: Equatable {
        var replicas: Int
        /// Why it is another number than what was recommended.
        var reason: AutoscalerCondition.Reason
    }

    private(set) var recommendations: [Entry] = []
    /// By how many replicas the target grew and shrank, while there are policies that ask for it.
    private(set) var growths: [Entry] = []
    private(set) var reductions: [Entry] = []

    init(recommendations: [Entry] = [], growths: [Entry] = [], reductions: [Entry] = []) {
        self.recommendations = recommendations
        self.growths = growths
        self.reductions = reductions
    }

    // MARK: - Stabilization

    /// Without `behavior`: never fewer than what was recommended within the last five minutes.
    mutating func stabilize(_ desired: Int, at now: TimePoint) -> Stabilized {
        let cutoff = now - ScalingRules.usualDown.stabilizationWindow
        recommendations.removeAll { $0.time < cutoff }
        let highest = recommendations.reduce(desired) { max($0, $1.replicas) }
        recommendations.append(Entry(replicas: desired, time: now))
        return Stabilized(replicas: highest, reason: .scaleDownStabilized)
    }

    /// Up to the lowest and down to the highest recommendation within the window of that direction.
    mutating func stabilize(
        _ desired: Int,
        current: Int,
        _ behavior: AutoscalerSpec.Behavior,
        at now: TimePoint
    ) -> Stabilized {
        let upCutoff = now - behavior.scaleUp.stabilizationWindow
        let downCutoff = now - behavior.scaleDown.stabilizationWindow
        recommendations.removeAll { $0.time < upCutoff && $0.time < downCutoff }
        let recent = recommendations
        let lowest = recent.filter { $0.time > upCutoff }.reduce(desired) { min($0, $1.replicas) }
        let highest = recent.filter { $0.time > downCutoff }.reduce(desired) { max($0, $1.replicas) }
        recommendations.append(Entry(replicas: desired, time: now))
        return Stabilized(
            replicas: min(max(current, lowest), highest),
            reason: desired >= current ? .scaleUpStabilized : .scaleDownStabilized
        )
    }

    mutating func begin(with current: Int, at now: TimePoint) {
        guard recommendations.isEmpty else { return }
        recommendations = [Entry(replicas: current, time: now)]
    }

    // MARK: - Policies

    /// Notes a change of the target, for the policies of `behavior`.
    mutating func note(from old: Int, to new: Int, _ behavior: AutoscalerSpec.Behavior, at now: TimePoint) {
        func drop(_ entries: inout [Entry], _ rules: ScalingRules) {
            let cutoff = now - (rules.policies.map(\.period).max() ?? .zero)
            entries.removeAll { $0.time < cutoff }
        }
        if new > old {
            drop(&growths, behavior.scaleUp)
            growths.append(Entry(replicas: new - old, time: now))
        } else {
            drop(&reductions, behavior.scaleDown)
            reductions.append(Entry(replicas: old - new, time: now))
        }
    }

    /// The most replicas that the policies allow. No fewer than there are: who went too fast only waits.
    func mostReplicas(from current: Int, _ rules: ScalingRules, at now: TimePoint) -> Int {
        let limits = rules.policies.map { policy in
            let start = replicas(before: policy.period, current, now)
            return switch policy.change {
            case .pods(let count): start + count
            case .percent(let percent): Int((Double(start) * (1 + Double(percent) / 100)).rounded(.up))
            }
        }
        return switch rules.selection {
        case .disabled: current
        case .max: max(current, limits.max() ?? current)
        case .min: max(current, limits.min() ?? current)
        }
    }

    /// The fewest replicas that the policies allow, and no more than there are.
    func fewestReplicas(from current: Int, _ rules: ScalingRules, at now: TimePoint) -> Int {
        let limits = rules.policies.map { policy in
            let start = replicas(before: policy.period, current, now)
            return switch policy.change {
            case .pods(let count): start - count
            case .percent(let percent): Int(Double(start) * (1 - Double(percent) / 100))
            }
        }
        // The largest change leaves the fewest.
        return switch rules.selection {
        case .disabled: current
        case .max: min(current, limits.min() ?? current)
        case .min: min(current, limits.max() ?? current)
        }
    }

    /// How many replicas there were when the period began.
    private func replicas(before period: Duration, _ current: Int, _ now: TimePoint) -> Int {
        func sum(_ entries: [Entry]) -> Int {
            entries.lazy.filter { $0.time > now - period }.reduce(0) { $0 + $1.replicas }
        }
        return current - sum(growths) + sum(reductions)
    }
}
