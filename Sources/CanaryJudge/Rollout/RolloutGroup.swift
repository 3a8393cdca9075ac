// SPDX-License-Identifier: Apache-2.0

/// Several hosts that move and abort as one.
package enum RolloutGroup {
    /// What members are to do, by name. Who asks again, after a crash in the middle, gets the rest: those that stayed behind follow
    /// as soon as they can, and those ahead wait for them. Members that were not tried again with the others keep them waiting.
    package static func orders(_ members: [String: RolloutState]) -> [String: GroupOrder] {
        let attempt = members.values.map(\.attempt).max() ?? 0
        let current = members.filter { $0.value.attempt == attempt }
        if let (name, cause) = firstAbort(current) {
            let text = "\(name) of the same group was taken back: \(cause)"
            return current.filter { $0.value.phase != .aborted && !$0.value.isWatchOver }
                .mapValues { _ in .abort(text) }
        }
        let steps = members.values.map(\.step)
        guard current.count == members.count, let lowest = steps.min(), let highest = steps.max() else {
            return [:]
        }
        let ready = members.filter { $0.value.step == lowest && $0.value.isReady }
        guard lowest < highest || ready.count == members.count else { return [:] }
        return ready.mapValues { _ in .advance }
    }

    /// A member that was not itself taken back for another's sake, if there is one.
    private static func firstAbort(_ members: [String: RolloutState]) -> (String, AbortCause)? {
        let aborted = members.sorted { $0.key < $1.key }.compactMap { name, state in
            state.phase == .aborted ? state.abort.map { (name, $0) } : nil
        }
        return aborted.first { if case .group = $0.1 { false } else { true } } ?? aborted.first
    }
}
