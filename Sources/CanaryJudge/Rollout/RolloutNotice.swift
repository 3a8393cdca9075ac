// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// One notification: about an entry of the journal, to one of the plan's receivers.
package struct NoticeKey: Hashable, Sendable {
    /// The entry's number.
    package var entry: Int
    /// By its place in the manifest.
    package var receiver: Int

    package init(entry: Int, receiver: Int) {
        self.entry = entry
        self.receiver = receiver
    }
}

/// What somebody is to be told of a rollout. It follows from the journal until that says that it was told: so whoever takes a rollout
/// over tells what was not, and after a crash maybe once more what was.
package struct RolloutNotice: Sendable, Equatable {
    package var key: NoticeKey
    package var event: RolloutNotification.Event
    package var sentence: String
    /// Milliseconds since 1970.
    package var wallMilliseconds: Int64
    /// The rollout's, behind the entry.
    package var phase: RolloutState.Phase
    package var step: Int
    package var attempt: Int

    /// - Parameter state: the rollout's, behind the entry.
    static func all(of entry: JournalEntry, _ state: RolloutState) -> [RolloutNotice] {
        guard let event = entry.event.notification, let sentence = entry.sentence(state) else { return [] }
        return state.plan.notices.indices.filter { state.plan.notices[$0].contains(event) }.map { receiver in
            RolloutNotice(
                key: NoticeKey(entry: entry.number, receiver: receiver),
                event: event,
                sentence: sentence,
                wallMilliseconds: entry.wallMilliseconds,
                phase: state.phase,
                step: state.step,
                attempt: state.attempt
            )
        }
    }
}

extension RolloutEvent {
    /// What it is called for people who are told of it; `nil` for what nobody is told.
    fileprivate var notification: RolloutNotification.Event? {
        switch self {
        case .started, .retried: .started
        case .stepBegan: .stepped
        case .paused: .paused
        case .resumed: .resumed
        case .alarmed: .alarmed
        case .aborted: .aborted
        case .promoted: .promoted
        default: nil
        }
    }
}
