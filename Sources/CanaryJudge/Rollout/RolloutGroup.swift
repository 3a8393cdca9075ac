// SPDX-License-Identifier: Apache-2.0

/// Several hosts that move and abort as one.
package enum RolloutGroup {
    /// What members are to do, by name. Who asks again, after a crash in the middle, gets the rest: those that stayed behind follow.
    package static func orders(_ members: [String: RolloutState]) -> [String: GroupOrder] {
        if let (name, cause) = firstAbort(members) {
            let text = "\(name) of the same group was taken back: \(cause)"
            return members.filter { $0.value.phase != .aborted && !$0.value.isWatchOver }
                .mapValues { _ in .abort(text) }
        }
        let steps = members.values.map(\.step)
        guard let lowest = steps.min(), let highest = steps.max() else { return [:] }
        let behind = members.filter { $0.value.step == lowest && $0.value.phase != .promoted }
        guard lowest < highest || behind.values.allSatisfy(\.isReady) else { return [:] }
        return behind.mapValues { _ in .advance }
    }

    /// A member that was not itself taken back for another's sake, if there is one.
    private static func firstAbort(_ members: [String: RolloutState]) -> (String, AbortCause)? {
        let aborted = members.sorted { $0.key < $1.key }.compactMap { name, state in
            state.phase == .aborted ? state.abort.map { (name, $0) } : nil
        }
        return aborted.first { if case .group = $0.1 { false } else { true } } ?? aborted.first
    }
}
