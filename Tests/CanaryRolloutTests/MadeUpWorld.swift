// SPDX-License-Identifier: Apache-2.0

import CanaryJudge

@testable import CanaryRollout

/// A store with one rollout, and proxies that count what they are told to.
final class MadeUpWorld: RolloutWorld {
    var run: RolloutRun
    var journal: [JournalEntry] = []
    /// Entries that nobody can read.
    var unreadable: Set<Int> = []
    var phase: RolloutState.Phase?
    var orders: [WaitingOrder] = []
    var refusals: [String: String?] = [:]
    var setting: RouteSetting? = .split(.half)
    var epoch = "before"
    var author: String? = "ada"
    /// Who last changed the object, where it is not the author.
    var editor: String?
    var counts: [String: ArmPair] = [:]
    var problem: String?
    var failure: String?
    var isOver = false
    var manifest: ManifestSight?
    var subject: RolloutSubject?
    /// Stands for another process that writes.
    var stranger: (() -> Void)?
    var isBroken = false
    private var commits = 0

    /// What becomes of the controller at a change.
    enum Fate {
        case lives, diesBefore, diesBehind
    }

    var fate: () -> Fate = { .lives }

    struct Broken: Error {}
    struct Killed: Error {}

    init(_ plan: RolloutPlan) {
        run = RolloutRun(id: 1, name: "shop")
        journal = [JournalEntry(number: 1, wallMilliseconds: 0, event: .started(plan))]
    }

    func look(known: Set<Int64>) throws -> RolloutSight {
        guard !isOver || !orders.isEmpty else { return RolloutSight(items: [], proxies: []) }
        let route = RouteSight(
            setting: setting,
            epoch: epoch,
            author: author,
            editor: editor ?? author,
            counts: problem == nil ? counts : [:],
            problem: problem
        )
        var reading = JournalReading()
        for entry in journal where !known.contains(1) {
            reading.add(entry.number, unreadable.contains(entry.number) ? "{" : entry.line)
        }
        let item = RolloutSight.Item(
            run: run,
            journal: known.contains(1) || !reading.entries.isEmpty ? reading.entries : nil,
            damage: reading.damage,
            phase: phase,
            orders: orders,
            route: route,
            manifest: manifest,
            subject: subject
        )
        return RolloutSight(items: [item], proxies: ["p"])
    }

    func write(_ changes: [RolloutChange]) throws -> [Int64: SettingOutcome] {
        stranger?()
        stranger = nil
        guard !isBroken else { throw Broken() }
        let fate = fate()
        if fate == .diesBefore { throw Killed() }
        let outcomes = try apply(changes)
        if fate == .diesBehind { throw Killed() }
        return outcomes
    }

    private func apply(_ changes: [RolloutChange]) throws -> [Int64: SettingOutcome] {
        var outcomes: [Int64: SettingOutcome] = [:]
        for change in changes {
            for entry in change.entries {
                guard entry.entry.number == (journal.last?.number ?? 0) + 1 else { throw TakenOver() }
                journal.append(entry.entry)
            }
            for answer in change.answers {
                refusals[answer.id] = answer.refusal
                orders.removeAll { $0.order.id == answer.id }
            }
            isOver = change.isOver
            phase = change.phase
            guard let wanted = change.setting else { continue }
            outcomes[1] = set(wanted.setting, seen: wanted.seen)
        }
        return outcomes
    }

    private func set(_ wanted: RouteSetting, seen: String) -> SettingOutcome {
        if let failure { return .failed(failure) }
        guard seen == epoch else { return .routeChanged }
        guard wanted != setting else { return .inForce(epoch: epoch, isNew: false) }
        edit(wanted, by: run.author)
        return .inForce(epoch: epoch, isNew: true)
    }

    func edit(_ setting: RouteSetting, by author: String) {
        commits += 1
        (self.setting, self.author, epoch) = (setting, author, "commit \(commits)")
    }

    /// Requests in the present epoch.
    func serve(canary: UInt64, failed: UInt64 = 0, stable: UInt64) {
        counts[epoch, default: ArmPair()].add(
            ArmPair(
                canary: ArmCounts(assigned: canary, ended: canary, errors: failed),
                stable: ArmCounts(assigned: stable, ended: stable, errors: 0)
            )
        )
    }

    func give(_ command: Command, id: String = "o") {
        orders.append(WaitingOrder(command, Order(id: id, by: "ada", reason: "why not")))
    }
}
