// SPDX-License-Identifier: Apache-2.0

package enum PolicyOutcome: Sendable, Equatable {
    case promoted
    case takenBack
}

/// Whoever moves a canary's share by what is counted, second by second: this judge, or what others do instead.
package protocol RolloutPolicy: Sendable {
    /// The share for the next second.
    var share: Share { get }
    var outcome: PolicyOutcome? { get }
    /// Why it ended so, or what it waits for, in a sentence.
    var reason: String { get }
    /// A second has passed, and that was counted in it.
    mutating func second(_ counts: ArmPair)
}

/// What became of a canary.
package struct PolicyRun: Sendable, Equatable {
    /// A share that the policy wanted, from this second on.
    package struct Step: Sendable, Equatable {
        package var second: Int
        package var share: Share

        package init(second: Int, share: Share) {
            self.second = second
            self.share = share
        }
    }

    /// `nil` where it had none in the time there was.
    package var outcome: PolicyOutcome?
    /// Until its end.
    package var seconds = 0
    package var canaryRequests: UInt64 = 0
    package var canaryErrors: UInt64 = 0
    package var steps: [Step] = []
    package var reason = ""

    /// The seconds until the canary had all requests, where it was promoted.
    package var secondsToPromotion: Int? {
        outcome == .promoted ? steps.first { $0.share == .all }?.second ?? seconds : nil
    }

    package init() {}

    /// Lets a policy act on made-up traffic until it comes to an end.
    package init<Random>(
        _ policy: some RolloutPolicy,
        on traffic: MadeUpTraffic<Random>,
        atMost seconds: Int,
        change: (Int, inout MadeUpTraffic<Random>) -> Void = { _, _ in }
    ) {
        var policy = policy
        var traffic = traffic
        while policy.outcome == nil, self.seconds < seconds {
            change(self.seconds, &traffic)
            add(traffic.second(at: policy.share), to: &policy)
        }
    }

    /// Lets a policy look at what was counted once; its shares then are its wishes.
    package init(_ policy: some RolloutPolicy, replaying counts: some Sequence<ArmPair>) {
        var policy = policy
        for second in counts { add(second, to: &policy) }
    }

    /// Nothing happens any more once the policy has ended.
    package mutating func add(_ counts: ArmPair, to policy: inout some RolloutPolicy) {
        guard policy.outcome == nil else { return }
        note(policy.share)
        seconds += 1
        canaryRequests &+= counts.canary.assigned
        canaryErrors &+= counts.canary.errors
        policy.second(counts)
        outcome = policy.outcome
        reason = policy.reason
        if outcome == nil { note(policy.share) }
    }

    private mutating func note(_ share: Share) {
        guard steps.last?.share != share else { return }
        if steps.last?.second == seconds { steps.removeLast() }
        steps.append(Step(second: seconds, share: share))
    }
}
