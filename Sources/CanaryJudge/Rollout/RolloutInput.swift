// SPDX-License-Identifier: Apache-2.0

/// The two clocks, read together, in milliseconds.
package struct Moment: Sendable, Equatable {
    /// Since 1970. It may jump; it is for people.
    package var wall: Int64
    /// Since some moment of this run of the controller. It goes on as time does.
    package var monotonic: Int64

    package init(wall: Int64, monotonic: Int64) {
        self.wall = wall
        self.monotonic = monotonic
    }
}

/// What the proxies have counted, and who they are.
package struct EvidenceReading: Sendable, Equatable {
    /// The totals since an epoch began, summed over all proxies, also those that ended. Epochs are the ids of the commits
    /// that the controller named; others are nobody's.
    package var epochs: [String: ArmPair]
    package var proxies: Set<String>

    package init(epochs: [String: ArmPair] = [:], proxies: Set<String> = []) {
        self.epochs = epochs
        self.proxies = proxies
    }
}

/// What a person may ask for at any time.
package enum Command: Hashable, Sendable {
    /// Stay as it is.
    case pause
    /// Go on; after an edit, take the route over again.
    case resume
    /// Go on to the next step whatever is missing.
    case promote
    /// Give the canary all traffic now.
    case promoteFull
    /// Take the canary back.
    case abort
    /// After an abort: again from the first step, as a new test with an α of its own.
    case retry
    /// After the promotion: go back to the old version.
    case undo
}

package enum RolloutInput: Sendable, Equatable {
    /// Time passed. Once a second, or more often.
    case tick(EvidenceReading)
    case command(Command, Order)
    /// What was wanted is in force since a commit. `counted` is empty for a new epoch; where nothing had to be changed it is what was
    /// counted before.
    case settingInForce(RouteSetting, epoch: String, counted: ArmPair)
    /// It could not be set. It will be wanted again with each tick.
    case settingFailed(String)
    /// Somebody else changed the route; `nil` where it is no split of the two versions any more.
    case edited(RouteSetting?, epoch: String, by: String)
    case gate(String, GateAnswer)
    /// What became of the notification about an entry of the journal, to one of the receivers: delivered, or why not.
    case notified(NoticeKey, failure: String?)
    /// The object asks for something else now: what was begun goes on.
    case manifestChanged(by: String)
    /// The object is gone.
    case manifestDeleted(by: String)
    /// From ``RolloutGroup``.
    case group(GroupOrder)
}

package enum GroupOrder: Sendable, Equatable {
    case advance
    case abort(String)
}

/// What the controller has to do, in this order. The entries are durable before anything else is done; in one transaction with the
/// change of the route, if there is one, they cannot come apart.
package struct RolloutOutcome: Sendable, Equatable {
    package var entries: [JournalEntry] = []
    /// Set the route, with the reason for its history, unless somebody else has changed it: then say `edited`. Setting what is set
    /// already is no change.
    package var setting: (setting: RouteSetting, reason: String)?
    /// Sentences for whoever looks at the controller; for those who are told, see ``RolloutNotice``.
    package var notices: [String] = []
    /// Why nothing was done: for the person who asked.
    package var refusal: String?

    package static func == (left: RolloutOutcome, right: RolloutOutcome) -> Bool {
        left.entries == right.entries && left.setting?.setting == right.setting?.setting
            && left.setting?.reason == right.setting?.reason && left.notices == right.notices
            && left.refusal == right.refusal
    }
}
