// SPDX-License-Identifier: Apache-2.0

import CanaryJudge
import CanaryResources
import CanaryStore

/// Begins runs of Rollouts, and finds out which have to begin.
///
/// A run begins when its object is made, and when an object whose run has ended asks for something else. What is changed while
/// a run goes on waits until somebody begins anew, but for another canary, which begins when the run has ended.
struct RolloutBeginning {
    let writer: StoreWriter
    let settings: Settings
    /// Milliseconds since 1970.
    let now: Int64

    /// Begins a run, in place of one that has ended.
    ///
    /// - Throws: ``CommandError`` where the cluster has no such host, route or version.
    func begin(_ rollout: Resource) throws -> RolloutRecord {
        let view = StoredCluster(reader: writer)
        let host = rollout.rolloutHost
        try view.requireReadableRouting(of: host)
        let rollout = try view.withTemplates(rollout)
        let plan = try RolloutTarget(rollout, in: try view.closure(of: [host])).plan(settings)
        if var former = try writer.rollout(of: rollout.stored?.uid ?? ""), !former.isOver {
            former.isOver = true
            try writer.mark(former)
        }
        let record = try writer.begin(RolloutRecord(rollout, phase: .pending))
        let entry = JournalEntry(number: 1, wallMilliseconds: now, event: .started(plan))
        _ = try writer.append(
            [JournalRow(number: 1, attempt: 1, entry: entry.line)],
            toJournalOf: record.id,
            behind: nil
        )
        return record
    }

    /// Whether a run of a Rollout is to begin, where `newest` is its last one.
    static func isDue(_ rollout: Resource, after newest: RolloutRecord?) -> Bool {
        guard let newest else { return true }
        guard newest.hasEnded else { return false }
        // The object was deleted, and has come back.
        if newest.phase == RolloutRecord.withdrawn { return true }
        if newest.generation < rollout.stored?.generation ?? 0 { return true }
        return newest.spec?.canary != rollout.rollout?.canary
    }

    /// Where a Rollout is, in a word, where `newest` is its last run.
    static func phase(of rollout: Resource, after newest: RolloutRecord?) -> String {
        guard let newest, !isDue(rollout, after: newest) else { return RolloutState.Phase.pending.rawValue }
        return newest.phase
    }
}

extension RolloutRecord {
    /// What has not begun yet.
    init(_ rollout: Resource, phase: RolloutState.Phase) {
        self.init(
            uid: rollout.stored?.uid ?? "",
            generation: rollout.stored?.generation ?? 0,
            namespace: rollout.namespace,
            name: rollout.name,
            host: rollout.rolloutHost,
            body: JSONWriter.write(rollout.body, pretty: false),
            phase: phase.rawValue
        )
    }

    /// The phase of a run whose object was deleted.
    static let withdrawn = "Deleted"

    /// The object as it was when the run began.
    var resource: Resource? {
        guard let body = try? JSONReader.read(self.body) else { return nil }
        return Resource(key: key, body: body)
    }

    var key: ResourceKey { ResourceKey(.rollout, namespace: namespace, name: name) }

    var spec: RolloutSpec? { resource?.rollout }

    /// Whether it was promoted or taken back, though it may still be watched.
    var hasEnded: Bool {
        isOver
            || [RolloutState.Phase.promoted, .aborted].contains(
                RolloutState.Phase(rawValue: phase) ?? .pending
            )
    }
}

extension StoredCluster {
    /// A Rollout with the metrics of its templates, as those are now.
    func withTemplates(_ rollout: Resource) throws -> Resource {
        let (resolved, missing) = try rollout.resolvingTemplates { name in
            try resource(ResourceKey(.analysisTemplate, namespace: rollout.namespace, name: name))?
                .analysisTemplate
        }
        if let missing {
            throw CommandError(
                "there is no AnalysisTemplate \"\(missing)\" in namespace \(rollout.namespace)",
                hint: "create it, or name another one"
            )
        }
        return resolved
    }
}
