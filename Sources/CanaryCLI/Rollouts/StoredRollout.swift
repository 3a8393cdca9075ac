// SPDX-License-Identifier: Apache-2.0

import CanaryJudge
import CanaryResources
import CanaryStore

/// A rollout as its journal tells it.
struct StoredRollout {
    let record: RolloutRecord
    let request: RolloutRequest
    private(set) var entries: [JournalEntry] = []
    private(set) var state: RolloutState

    /// The newest rollout of a host.
    init(of host: String, _ view: StoredCluster, _ settings: Settings) throws {
        guard let reader = view.reader, let record = try reader.rollout(ofHost: host) else {
            if try view.closure(of: [host]).isEmpty { throw try view.unknownHost(host, settings) }
            throw CommandError(
                "\(HostName.short(host)) has no rollout",
                hint: "canaryctl rollout start \(settings.inCommands(host)) VERSION begins one"
            )
        }
        try self.init(record, reader)
    }

    init(_ record: RolloutRecord, _ reader: StoreReader) throws {
        guard let request = RolloutRequest(text: record.request) else { throw Self.unreadable(record) }
        self.record = record
        self.request = request
        state = RolloutState(request.plan)
        try readOn(reader)
    }

    /// Reads what has been written since; returns it.
    @discardableResult
    mutating func readOn(_ reader: StoreReader) throws -> [(entry: JournalEntry, state: RolloutState)] {
        guard let new = try reader.entries(of: record.id, after: state.number) else {
            throw Self.unreadable(record)
        }
        var steps: [(JournalEntry, RolloutState)] = []
        for entry in new {
            if entry.number == 1, case .started(let plan) = entry.event { state = RolloutState(plan) }
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
    var hasEnded: Bool { [.promoted, .aborted].contains(state.phase) && state.wanted == nil }

    /// The canary's share that is in force; `nil` where the rollout has set nothing yet, or somebody else something else.
    var share: Share? {
        guard !state.epochs.isEmpty || state.attempt > 1 else { return nil }
        return if case .split(let share) = state.inForce { share } else { nil }
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
