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
    /// What of its journal nobody has gone on from.
    private var damage: JournalReading.Damage?
    /// The route as it is, where that is not what the journal says.
    private var changed: SeenRoute?

    /// The rollout of a host: one that has not ended before those that have, then the newest one.
    init(of host: String, _ view: StoredCluster, _ settings: Settings) throws {
        guard let found = try Self(ifAnyOf: host, view, settings) else {
            throw try Self.absence(of: host, view, settings)
        }
        self = found
    }

    /// A Deployment may be meant that has the name.
    private static func absence(of host: String, _ view: StoredCluster, _ settings: Settings) throws
        -> CommandError
    {
        let service = HostName.service(of: host)
        let key = service.map { ResourceKey(.deployment, namespace: $0.namespace, name: $0.name) }
        let deployment = try key.flatMap { try view.resource($0) }.map { "deployment/\($0.name)" }
        if try view.closure(of: [host]).isEmpty {
            var error = try view.unknownHost(host, settings)
            if let deployment { error.hint = "canaryctl rollout status \(deployment) is of the Deployment" }
            return error
        }
        let other = deployment.map { "; canaryctl rollout status \($0) is of the Deployment" } ?? ""
        return CommandError(
            "\(HostName.short(host)) has no rollout",
            hint: "canaryctl rollout start \(settings.inCommands(host)) VERSION begins one\(other)"
        )
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
            try look(reader, settings)
        } else {
            try self.init(pending: chosen.0, view, settings)
        }
    }

    init(_ record: RolloutRecord, _ reader: StoreReader) throws {
        let journal = try reader.reading(of: record.id)
        guard let spec = record.spec, case .started(let plan) = journal.entries.first?.event else {
            throw Self.unreadable(record)
        }
        self.record = record
        self.spec = spec
        state = RolloutState(plan)
        // A long journal has many states, of which the last one is wanted.
        for entry in journal.entries { try apply(entry) }
        damage = journal.damage
    }

    /// What no controller has begun yet.
    private init(pending rollout: Resource, _ view: StoredCluster, _ settings: Settings) throws {
        record = RolloutRecord(rollout, phase: .pending)
        let target = RolloutTarget(rollout, in: try view.closure(of: [record.host]))
        spec = target.spec
        do {
            _ = try view.withTemplates(rollout)
            state = RolloutState(try target.plan(settings))
        } catch let error as CommandError {
            state = RolloutState(RolloutPlan(spec, stable: spec.stable ?? "?"))
            problem = error.message
        }
    }

    /// What it waits for, or why it ended, in a sentence, and what became of it since.
    var message: String {
        if let problem { return "cannot begin: \(problem)" }
        if let damage {
            guard !record.isOver else { return "\(damage): how it ended is all that is known" }
            return "\(damage): what it did since is not known, and a controller holds it"
        }
        guard let changed else { return state.message }
        if let problem = changed.problem { return "\(state.message); \(problem)" }
        // Copies and conditions change without beginning an epoch.
        let isNewEpoch = state.setting(of: changed.epoch) == nil
        let author = isNewEpoch ? changed.author : changed.editor
        return "\(state.message); \(author ?? "somebody") changed the route since"
    }

    /// Looks for changes that no controller has noticed, as nobody does behind the end.
    mutating func look(_ reader: StoreReader, _ settings: Settings) throws {
        changed = nil
        guard state.wanted == nil || damage != nil, !state.epochs.isEmpty else { return }
        let route = try SeenRoute(reader, settings) { RolloutVersions(record, spec, state.plan) }
        if !state.hasRoute(route.setting, in: route.epoch) { changed = route }
    }

    /// Reads what has been written since; returns it.
    mutating func readOn(_ reader: StoreReader) throws -> [(entry: JournalEntry, state: RolloutState)] {
        let new = try reader.reading(of: record.id, after: state.number)
        damage = new.damage
        return try new.entries.map { entry in
            try apply(entry)
            return (entry, state)
        }
    }

    private mutating func apply(_ entry: JournalEntry) throws {
        guard state.apply(entry) else { throw Self.unreadable(record) }
        entries.append(entry)
    }

    private static func unreadable(_ record: RolloutRecord) -> CommandError {
        CommandError(
            "the journal of rollout \"\(record.name)\" cannot be read",
            hint:
                "canaryctl delete rollout \(record.name) -n \(record.namespace) ends it and leaves the route as it is; "
                + "then begin it again"
        )
    }

    /// Where it is; as was last written, where the journal does not tell.
    var phase: RolloutState.Phase {
        damage == nil ? state.phase : RolloutState.Phase(rawValue: record.phase) ?? state.phase
    }

    /// Whether what it led to is in force.
    var hasEnded: Bool {
        if damage != nil { return record.hasEnded }
        return state.isWithdrawn || [.promoted, .aborted].contains(state.phase) && state.wanted == nil
    }

    /// What is in force; `nil` where the rollout has set nothing yet, or the route is no split of the two versions.
    var setting: RouteSetting? {
        if let changed { return changed.setting }
        return state.epochs.isEmpty && state.attempt == 1 ? nil : state.inForce
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
