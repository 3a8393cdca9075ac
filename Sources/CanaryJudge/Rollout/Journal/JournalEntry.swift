// SPDX-License-Identifier: Apache-2.0

/// One line of a rollout's journal, which is all that its state comes from.
package struct JournalEntry: Sendable, Equatable {
    /// 1, 2, 3 …: without gaps, so that whoever writes an entry twice or after somebody else is noticed.
    package var number: Int
    /// Milliseconds since 1970, for people: no decision follows from it.
    package var wallMilliseconds: Int64
    package var event: RolloutEvent

    package init(number: Int, wallMilliseconds: Int64, event: RolloutEvent) {
        self.number = number
        self.wallMilliseconds = wallMilliseconds
        self.event = event
    }
}

/// Who wants something, and why. The id makes an order that comes again, after a crash, no second one.
package struct Order: Sendable, Equatable {
    package var id: String
    package var by: String
    package var reason: String

    package init(id: String, by: String, reason: String = "") {
        self.id = id
        self.by = by
        self.reason = reason
    }
}

/// What happened, or was decided.
package enum RolloutEvent: Sendable, Equatable {
    case started(RolloutPlan)
    /// A controller with a higher term than all before acts from here on.
    case tookOver(term: UInt64)
    /// What is behind an entry cannot be read: everything goes on from that one.
    case recovered(behind: Int)
    /// So much time passed under a controller's eyes, and that was counted meanwhile, by epoch.
    case watched(Duration, [String: ArmPair])
    /// The counters of an epoch went back: what they say now is where counting goes on from.
    case countsLost(epoch: String, now: ArmPair)
    case proxies(came: Set<String>, vanished: Set<String>)
    case trafficStopped
    case trafficCame
    case stepBegan(Int)
    /// The route does what was wanted, since a commit; what was counted under that before is not the rollout's.
    case settingInForce(RouteSetting, epoch: String, counted: ArmPair)
    case settingFailed(String)
    case edited(RouteSetting?, epoch: String, by: String)
    /// Nothing but the gates keeps the rollout from its next step: what they have answered before does not count for it.
    case gatesAsked
    case gateAnswered(String, GateAnswer)
    /// A notification was delivered, or given up.
    case notified(NoticeKey, failure: String?)
    case splitDistrusted
    /// A verdict that nothing was done about, because the traffic was somebody else's.
    case alarmed(String)
    case paused(PauseCause)
    case resumed(Order)
    case promoted(Order?)
    case aborted(AbortCause)
    case retried(Order)
    case watchEnded
    /// The object asks for something else than when the run began.
    case manifestChanged(by: String)
    /// The object is gone: nothing more is done, and the route stays as it is.
    case manifestDeleted(by: String)
}

package struct ArmPair: Sendable, Equatable {
    package var canary: ArmCounts
    package var stable: ArmCounts

    package init(canary: ArmCounts = ArmCounts(), stable: ArmCounts = ArmCounts()) {
        self.canary = canary
        self.stable = stable
    }

    package var isEmpty: Bool { canary.isEmpty && stable.isEmpty }

    package func continues(_ earlier: ArmPair) -> Bool {
        canary.continues(earlier.canary) && stable.continues(earlier.stable)
    }

    package func growth(since earlier: ArmPair) -> ArmPair {
        ArmPair(canary: canary.growth(since: earlier.canary), stable: stable.growth(since: earlier.stable))
    }

    package mutating func add(_ other: ArmPair) {
        canary.add(other.canary)
        stable.add(other.stable)
    }
}

package enum GateAnswer: Hashable, Sendable {
    case passed
    case failed(String)
    /// It did not answer, or nothing that can be understood.
    case silent(String)
}

/// `good`, `0.2 is above 0.1`, `no answer: connection refused`.
extension GateAnswer: CustomStringConvertible {
    package var description: String {
        switch self {
        case .passed: "good"
        case .failed(let text): text
        case .silent(let text): "no answer: \(text)"
        }
    }
}

package enum PauseCause: Sendable, Equatable {
    case order(Order)
    /// The step wants to be resumed.
    case step
    /// Somebody else changed the route.
    case edit(by: String)
    /// The split is not what was declared.
    case split
    case deadline
    /// Harm, where nothing is taken back by itself.
    case frozen(String)
    /// A part of the journal cannot be read.
    case damage(String)
}

package enum AbortCause: Sendable, Equatable {
    /// The judge's sentence.
    case alarm(String)
    case gate(String, String)
    case order(Order)
    /// Another member of the group, and why.
    case group(String)
    /// A part of the journal cannot be read.
    case damage(String)
}

extension AbortCause: CustomStringConvertible {
    package var description: String {
        switch self {
        case .alarm(let sentence): sentence
        case .gate(let name, let text): "metric \"\(name)\" failed: \(text)"
        case .order(let order): order.reason.isEmpty ? "by \(order.by)" : "by \(order.by): \(order.reason)"
        case .group(let text), .damage(let text): text
        }
    }
}
