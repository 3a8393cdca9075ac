// SPDX-License-Identifier: Apache-2.0

package import CanaryJudge

/// Walks the rollouts of a store: looks, lets each ``RolloutMachine`` decide, writes what they decided, and tells them what came of
/// it. It keeps nothing that the journals do not have.
package struct RolloutController {
    /// How often it looks, in milliseconds: a canary is to be taken back within a second of the evidence. Each look costs a transaction
    /// and a line of each rollout's journal.
    package static let pauseMilliseconds: Int32 = 500
    /// What cannot be set is tried again after so many milliseconds.
    private static let retryMilliseconds: Int64 = 1000

    private var machines: [Int64: RolloutMachine] = [:]
    private var failures: [Int64: (text: String, at: Int64)] = [:]
    /// What was told already.
    private var problems: [String] = []
    private let errands: RolloutErrands?

    /// - Parameter errands: `nil` for who only decides: what is to be asked and told waits for another controller.
    package init(_ errands: RolloutErrands? = nil) {
        self.errands = errands
    }

    /// Whether anybody is still to be told something.
    package var hasNotices: Bool { machines.values.contains { !$0.state.notices.isEmpty } }

    /// Ends what runs beside the turns.
    package func stop() { errands?.stop() }

    /// The state of a rollout, as of the last turn.
    package func state(of rollout: Int64) -> RolloutState? { machines[rollout]?.state }

    /// One look, and all that follows from it. When it throws, everything is read anew by the next turn.
    ///
    /// - Returns: sentences for people.
    package mutating func turn(_ world: some RolloutWorld, at moment: Moment) throws -> [String] {
        do {
            return try advance(world, moment)
        } catch {
            // The machines may be ahead of what was written.
            machines = [:]
            throw error
        }
    }

    private mutating func advance(_ world: some RolloutWorld, _ moment: Moment) throws -> [String] {
        let sight = try world.look(known: Set(machines.keys))
        let ids = Set(sight.items.map(\.run.id))
        machines = machines.filter { ids.contains($0.key) }
        failures = failures.filter { ids.contains($0.key) }
        errands?.keep(only: ids)
        let answers = errands?.inputs(machines.mapValues(\.state), at: moment) ?? [:]
        var problems = sight.problems
        var drafts: [Draft] = []
        for item in sight.items {
            var draft = Draft(item)
            guard begin(&draft, item, moment) else {
                if case .deleted = item.manifest {
                    _ = try world.write([RolloutChange(endingUnread: item.run)])
                } else {
                    problems.append(
                        "the journal of rollout \"\(item.run.name)\" cannot be read: nobody controls it"
                    )
                }
                continue
            }
            handle(item, answers[item.run.id] ?? [], sight.proxies, &draft, moment)
            drafts.append(draft)
        }
        moveGroups(&drafts, moment)
        let results = try write(drafts, world, moment)
        var notices = problems.filter { !self.problems.contains($0) }
        self.problems = problems
        notices += drafts.flatMap { draft in draft.notices.map { "\(draft.item.run.name): \($0)" } }
        notices += try tell(results, drafts, world, moment)
        for item in sight.items {
            guard let subject = item.subject, let state = machines[item.run.id]?.state else { continue }
            errands?.begin(item.run.id, subject, state, at: moment)
        }
        return notices
    }

    // MARK: - Deciding

    /// Takes over a rollout that it does not know; `false` where its journal has no beginning.
    private mutating func begin(_ draft: inout Draft, _ item: RolloutSight.Item, _ moment: Moment) -> Bool {
        guard machines[item.run.id] == nil else { return true }
        guard let journal = item.journal, let state = RolloutState(replaying: journal),
            let (machine, outcome) = takeOver(state, item, moment)
        else { return false }
        machines[item.run.id] = machine
        draft.add(outcome, machine.state)
        return true
    }

    private func takeOver(_ state: RolloutState, _ item: RolloutSight.Item, _ moment: Moment) -> (
        RolloutMachine, RolloutOutcome
    )? {
        let term = state.term + 1
        guard let damage = item.damage else { return RolloutMachine.resume(state, term: term, at: moment) }
        var remains = RolloutRemains(damage, phase: item.phase)
        if item.route.problem == nil {
            (remains.setting, remains.epoch) = (item.route.setting, item.route.epoch)
            let author = item.route.author ?? "somebody"
            remains.stranger = author == item.run.author ? nil : author
        }
        return RolloutMachine.recover(state, remains, term: term, at: moment)
    }

    private mutating func handle(
        _ item: RolloutSight.Item,
        _ answers: [RolloutInput],
        _ proxies: Set<String>,
        _ draft: inout Draft,
        _ moment: Moment
    ) {
        switch item.manifest {
        case .changed(let author): give(.manifestChanged(by: author), to: &draft, moment)
        case .deleted(let author): give(.manifestDeleted(by: author), to: &draft, moment)
        case nil: break
        }
        if let author = stranger(item) {
            give(.edited(item.route.setting, epoch: item.route.epoch, by: author), to: &draft, moment)
        }
        for waiting in item.orders {
            let refusal = give(.command(waiting.command, waiting.order), to: &draft, moment)
            draft.answers.append((waiting.order.id, refusal))
        }
        for answer in answers { give(answer, to: &draft, moment) }
        give(.tick(EvidenceReading(epochs: counts(item), proxies: proxies)), to: &draft, moment)
    }

    /// A route that cannot be seen has lost no counts: they go on when it is there again.
    private func counts(_ item: RolloutSight.Item) -> [String: ArmPair] {
        guard item.route.problem != nil, let state = machines[item.run.id]?.state else {
            return item.route.counts
        }
        return Dictionary(uniqueKeysWithValues: state.epochs.map { ($0, state.total(of: $0)) })
    }

    /// Who has changed the route besides the rollout; `nil` where nobody has, or it does not matter.
    private func stranger(_ item: RolloutSight.Item) -> String? {
        guard item.route.problem == nil, let state = machines[item.run.id]?.state, !state.isFinished,
            !state.epochs.isEmpty
        else { return nil }
        // What is wanted may be in force, and the news got lost.
        if state.wanted != nil {
            let isKnown = state.setting(of: item.route.epoch) != nil
            return isKnown || item.route.author == item.run.author ? nil : item.route.author ?? "somebody"
        }
        guard !state.hasRoute(item.route.setting, in: item.route.epoch) else { return nil }
        return item.route.editor == item.run.author ? "somebody" : item.route.editor ?? "somebody"
    }

    @discardableResult
    private mutating func give(_ input: RolloutInput, to draft: inout Draft, _ moment: Moment) -> String? {
        let id = draft.item.run.id
        guard var machine = machines.removeValue(forKey: id) else { return nil }
        let outcome = machine.handle(input, at: moment)
        draft.add(outcome, machine.state)
        machines[id] = machine
        return outcome.refusal
    }

    private mutating func moveGroups(_ drafts: inout [Draft], _ moment: Moment) {
        let groups = Dictionary(grouping: drafts.indices) { index in
            machines[drafts[index].item.run.id]?.state.plan.group
        }
        for (group, indices) in groups where group != nil {
            let members = indices.compactMap { index in
                machines[drafts[index].item.run.id].map { (drafts[index].item.run.name, $0.state) }
            }
            let orders = RolloutGroup.orders(Dictionary(members) { first, _ in first })
            for index in indices {
                guard let order = orders[drafts[index].item.run.name] else { continue }
                give(.group(order), to: &drafts[index], moment)
            }
        }
    }

    // MARK: - Acting

    private func write(_ drafts: [Draft], _ world: some RolloutWorld, _ moment: Moment) throws
        -> [Int64: SettingOutcome]
    {
        let changes = drafts.compactMap { draft -> RolloutChange? in
            guard let state = machines[draft.item.run.id]?.state else { return nil }
            var change = draft.change(state)
            if let failure = failures[draft.item.run.id],
                moment.monotonic - failure.at < Self.retryMilliseconds, draft.answers.isEmpty
            {
                change.setting = nil
            }
            return change.isEmpty ? nil : change
        }
        return changes.isEmpty ? [:] : try world.write(changes)
    }

    /// Tells the machines what came of the settings, and writes what they make of it.
    private mutating func tell(
        _ results: [Int64: SettingOutcome],
        _ drafts: [Draft],
        _ world: some RolloutWorld,
        _ moment: Moment
    ) throws -> [String] {
        var told: [Draft] = []
        for draft in drafts {
            let id = draft.item.run.id
            guard let result = results[id], let setting = draft.setting?.setting else { continue }
            var next = Draft(draft.item)
            switch result {
            case .inForce(let epoch, let isNew):
                failures[id] = nil
                let counted = isNew ? ArmPair() : draft.item.route.counts[epoch] ?? ArmPair()
                give(.settingInForce(setting, epoch: epoch, counted: counted), to: &next, moment)
            case .routeChanged: continue
            case .failed(let text):
                let isNew = failures[id]?.text != text
                failures[id] = (text, moment.monotonic)
                if isNew { give(.settingFailed(text), to: &next, moment) }
            }
            told.append(next)
        }
        _ = try write(told.map(\.withoutSetting), world, moment)
        return told.flatMap { draft in draft.notices.map { "\(draft.item.run.name): \($0)" } }
    }
}

/// What a turn makes of one rollout.
private struct Draft {
    let item: RolloutSight.Item
    private(set) var entries: [(attempt: Int, entry: JournalEntry)] = []
    private(set) var setting: (setting: RouteSetting, reason: String)?
    private(set) var notices: [String] = []
    var answers: [(id: String, refusal: String?)] = []

    init(_ item: RolloutSight.Item) {
        self.item = item
    }

    /// - Parameter state: the machine's, behind the outcome.
    mutating func add(_ outcome: RolloutOutcome, _ state: RolloutState) {
        entries += outcome.entries.map { (state.attempt, $0) }
        notices += outcome.notices
        // What was wanted before an edit is not wanted any more.
        if let wanted = outcome.setting { setting = wanted }
        if state.wanted == nil || state.wanted != setting?.setting { setting = nil }
    }

    var withoutSetting: Draft {
        var copy = self
        copy.setting = nil
        return copy
    }

    func change(_ state: RolloutState) -> RolloutChange {
        RolloutChange(
            run: item.run,
            entries: entries,
            setting: setting.map { ($0.setting, $0.reason, item.route.epoch) },
            answers: answers,
            phase: state.phase,
            isOver: state.isFinished && state.wanted == nil && state.notices.isEmpty,
            isWithdrawn: state.isWithdrawn
        )
    }
}

extension RolloutChange {
    /// Ends a run whose journal nobody can read and whose object is gone.
    fileprivate init(endingUnread run: RolloutRun) {
        self.init(run: run, entries: [], answers: [], phase: .pending, isOver: true, isWithdrawn: true)
    }

    fileprivate var isEmpty: Bool { entries.isEmpty && setting == nil && answers.isEmpty }
}
