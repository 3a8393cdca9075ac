// SPDX-License-Identifier: Apache-2.0

import CanaryJudge
import CanaryTestSupport

/// A rollout with a route, proxies and a journal that tests can see and break.
struct Bench {
    var machine: RolloutMachine
    var journal: [JournalEntry] = []
    var notices: [String] = []
    var refusal: String?
    /// What the route does, and since which commit.
    var setting = RouteSetting.stable
    var epoch = "0"
    /// By epoch: what the proxies say.
    var totals: [String: ArmPair] = [:]
    var proxies: Set<String> = ["p1"]
    var moment = Moment(wall: 1_000_000, monotonic: 0)
    /// Whether what is wanted is set at once.
    var isObeyed = true
    private var commits = 0
    private var orders = 0

    init(_ plan: RolloutPlan) {
        let (machine, outcome) = RolloutMachine.start(plan, term: 1, at: moment)
        self.machine = machine
        act(on: outcome)
    }

    var state: RolloutState { machine.state }

    /// Lets a second pass, with these requests in it.
    mutating func second(canary: ArmCounts = ArmCounts(), stable: ArmCounts = ArmCounts()) {
        if !canary.isEmpty || !stable.isEmpty {
            totals[epoch, default: ArmPair()].add(ArmPair(canary: canary, stable: stable))
        }
        wait(milliseconds: 1000)
    }

    mutating func seconds(_ count: Int, canary: UInt64 = 10, stable: UInt64 = 90, errors: UInt64 = 0) {
        for _ in 0..<count {
            second(
                canary: ArmCounts(assigned: canary, ended: canary, errors: errors),
                stable: ArmCounts(assigned: stable, ended: stable, errors: 0)
            )
        }
    }

    mutating func wait(milliseconds: Int64) {
        moment.wall += milliseconds
        moment.monotonic += milliseconds
        handle(.tick(EvidenceReading(epochs: totals, proxies: proxies)))
    }

    mutating func order(_ command: Command, id: String? = nil, reason: String = "") {
        orders += 1
        handle(.command(command, Order(id: id ?? "order \(orders)", by: "ann", reason: reason)))
    }

    /// Somebody else sets the route.
    mutating func edit(_ setting: RouteSetting) {
        commits += 1
        (self.setting, epoch) = (setting, "\(commits)")
        handle(.edited(setting, epoch: epoch, by: "bob"))
    }

    mutating func handle(_ input: RolloutInput) {
        act(on: machine.handle(input, at: moment))
    }

    /// Another controller takes over from the journal; its clock begins somewhere else.
    mutating func restart(monotonic: Int64 = 77) -> Bool {
        moment.monotonic = monotonic
        guard let state = RolloutState(replaying: journal),
            let (machine, outcome) = RolloutMachine.resume(state, term: state.term + 1, at: moment)
        else { return false }
        self.machine = machine
        act(on: outcome)
        return true
    }

    mutating func act(on outcome: RolloutOutcome) {
        journal += outcome.entries
        notices += outcome.notices
        refusal = outcome.refusal
        guard isObeyed, let wanted = outcome.setting?.setting else { return }
        let isSet = setting == wanted
        if !isSet {
            commits += 1
            (setting, epoch) = (wanted, "\(commits)")
        }
        let counted = isSet ? totals[epoch] ?? ArmPair() : ArmPair()
        handle(.settingInForce(wanted, epoch: epoch, counted: counted))
    }
}

extension RolloutPlan {
    static func test(_ shares: [UInt64] = [10, 50, 100], _ change: (inout RolloutPlan) -> Void = { _ in })
        -> Self
    {
        var plan = RolloutPlan(
            stable: "v1",
            canary: "v2",
            steps: shares.map { Step(.split(Share(percent: $0))) }
        )
        change(&plan)
        return plan
    }

    /// By the clock, ten seconds a step.
    static func fixed(_ shares: [UInt64] = [10, 50, 100], _ change: (inout RolloutPlan) -> Void = { _ in })
        -> Self
    {
        test(shares) { plan in
            (plan.ramp, plan.hold) = (.fixed, .seconds(10))
            change(&plan)
        }
    }
}
