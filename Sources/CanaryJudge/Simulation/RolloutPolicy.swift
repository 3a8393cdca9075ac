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
    /// A second has passed, and that was counted in it.
    mutating func second(_ counts: ArmPair)
}

/// What became of a canary.
package struct PolicyRun: Sendable, Equatable {
    /// Until its end; `nil` where it had none in the time there was.
    package var outcome: PolicyOutcome?
    package var seconds = 0
    package var canaryRequests: UInt64 = 0
    package var canaryErrors: UInt64 = 0

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
        outcome = policy.outcome
    }

    /// Lets a policy look at what was counted once; its shares then are its wishes.
    package init(_ policy: some RolloutPolicy, replaying counts: some Sequence<ArmPair>) {
        var policy = policy
        for second in counts where policy.outcome == nil { add(second, to: &policy) }
        outcome = policy.outcome
    }

    private mutating func add(_ counts: ArmPair, to policy: inout some RolloutPolicy) {
        seconds += 1
        canaryRequests &+= counts.canary.assigned
        canaryErrors &+= counts.canary.errors
        policy.second(counts)
    }
}
