// SPDX-License-Identifier: Apache-2.0

import CanaryJudge
import CanaryResources
import CanaryStore

/// A rollout as its journal tells it.
struct StoredRollout {
    let record: RolloutRecord
    let spec: RolloutSpec
    private(set) var entries: [JournalEntry] = []
    private(set) var state: RolloutState
    /// Why it cannot begin.
    private var problem: String?

    /// The rollout of a host: one that has not ended before those that have, then the newest one.
    init(of host: String, _ view: StoredCluster, _ settings: Settings) throws {
        guard let found = try Self(ifAnyOf: host, view, settings) else {
            if try view.closure(of: [host]).isEmpty { throw try view.unknownHost(host, settings) }
            throw CommandError(
                "\(HostName.short(host)) has no rollout",
                hint: "canaryctl rollout start \(settings.inCommands(host)) VERSION begins one"
            )
        }
        self = found
    }

    /// The same; `nil` where the host has none.
    init?(ifAnyOf host: String, _ view: StoredCluster, _ settings: Settings) throws {
        guard let reader = view.reader else { return nil }
        let runs = try view.resources(with: .rollout(host)).filter { $0.kind == .rollout }.map { rollout in
            let newest = try reader.rollout(of: rollout.stored?.uid ?? "")
            return (rollout, record: RolloutBeginning.isDue(rollout, after: newest) ? nil : newest)
        }
        func rank(_ record: RolloutRecord?) -> (Int, Int64) {
            record.map { ($0.hasEnded ? 0 : 2, $0.id) } ?? (1, 0)
        }
        guard let chosen = runs.max(by: { rank($0.record) < rank($1.record) }) else { return nil }
        if let record = chosen.record {
            try self.init(record, reader)
        } else {
            try self.init(pending: chosen.0, view, settings)
        }
    }

    init(_ record: RolloutRecord, _ reader: StoreReader) throws {
        guard let spec = record.spec, let first = try reader.journal(of: record.id).first,
            case .started(let plan) = JournalEntry(line: first.entry)?.event
        else { throw Self.unreadable(record) }
        self.record = record
        self.spec = spec
        state = RolloutState(plan)
        try readOn(reader)
    }

    /// What no controller has begun yet.
    private init(pending rollout: Resource, _ view: StoredCluster, _ settings: Settings) throws {
        record = RolloutRecord(rollout, phase: .pending)
        let target = RolloutTarget(rollout, in: try view.closure(of: [record.host]))
        spec = target.spec
        do {
            state = RolloutState(try target.plan(settings))
        } catch let error as CommandError {
            state = RolloutState(RolloutPlan(spec, stable: spec.stable ?? "?"))
            problem = error.message
        }
    }

    /// What it waits for, or why it ended, in a sentence.
    var message: String { problem.map { "cannot begin: \($0)" } ?? state.message }

    /// Reads what has been written since; returns it.
    @discardableResult
    mutating func readOn(_ reader: StoreReader) throws -> [(entry: JournalEntry, state: RolloutState)] {
        guard let new = try reader.entries(of: record.id, after: state.number) else {
            throw Self.unreadable(record)
        }
        var steps: [(JournalEntry, RolloutState)] = []
        for entry in new {
            guard state.apply(entry) else { throw Self.unreadable(record) }
            steps.append((entry, state))
        }
        entries += new
        return steps
    }

    private static func unreadable(_ record: RolloutRecord) -> CommandError {
        CommandError(
            "the journal of rollout \"\(record.name)\" cannot be read",
            hint: "bring back a copy of the store, or begin the rollout again"
        )
    }

    /// Whether what it led to is in force.
    var hasEnded: Bool {
        state.isWithdrawn || [.promoted, .aborted].contains(state.phase) && state.wanted == nil
    }

    /// What is in force; `nil` where the rollout has set nothing yet, or somebody else something else.
    var setting: RouteSetting? {
        state.epochs.isEmpty && state.attempt == 1 ? nil : state.inForce
    }

    /// The share of requests whose answers come from the canary as they are drawn.
    var share: Share? {
        setting.map { if case .split(let share) = $0 { share } else { .none } }
    }

    /// When this attempt began, in milliseconds since 1970.
    var startedAt: Int64 {
        entries.last { entry in
            switch entry.event {
            case .started, .retried: true
            default: false
            }
        }?.wallMilliseconds ?? record.begunAt
    }

    /// When this attempt was promoted or aborted.
    var endedAt: Int64? {
        guard [.promoted, .aborted].contains(state.phase) else { return nil }
        return entries.last { entry in
            switch entry.event {
            case .promoted, .aborted: true
            default: false
            }
        }?.wallMilliseconds
    }
}
