// SPDX-License-Identifier: Apache-2.0

import CanaryJudge
import CanaryResources
import CanaryRollout
import CanaryStore

/// The Rollouts of a store, followed from commit to commit.
final class RolloutManifests {
    private var commit: String?
    /// By uid.
    private var objects: [String: Resource] = [:]
    /// Those that are to begin, as of the commit.
    private var due: [Resource] = []
    /// Why some of those that are to begin cannot.
    private(set) var problems: [String] = []

    /// The Rollouts that are to begin and were not tried since the last commit.
    func due(in view: StoredCluster) throws -> [Resource] {
        let commit = view.reader?.commit
        guard self.commit != commit else { return [] }
        let rollouts = try view.resources(of: .rollout, namespace: nil)
        objects = Dictionary(rollouts.map { ($0.stored?.uid ?? "", $0) }) { $1 }
        let newest = try view.reader?.newestRollouts() ?? [:]
        due = rollouts.filter { RolloutBeginning.isDue($0, after: newest[$0.stored?.uid ?? ""]) }
        if due.isEmpty { (self.commit, problems) = (commit, []) }
        return due
    }

    /// Begins those that are due. Returns why some cannot begin.
    func begin(_ beginning: RolloutBeginning) throws -> [String] {
        let view = StoredCluster(reader: beginning.writer)
        let newest = try beginning.writer.newestRollouts()
        var problems: [String] = []
        for rollout in due {
            // Somebody else may have begun it, or taken it away.
            guard let now = try view.resource(rollout.key),
                RolloutBeginning.isDue(now, after: newest[now.stored?.uid ?? ""])
            else { continue }
            do {
                _ = try beginning.begin(now)
            } catch let error as CommandError {
                problems.append("rollout \"\(rollout.name)\" cannot begin: \(error.message)")
            }
        }
        (commit, self.problems) = (view.reader?.commit, problems)
        return problems
    }

    /// What has become of a run's object that the run does not know yet.
    func sight(of record: RolloutRecord, in view: StoredCluster) throws -> ManifestSight? {
        guard let object = objects[record.uid] else {
            let isLater = commit == nil || view.reader?.commit != commit
            guard !isLater, !record.isOver else { return nil }
            return .deleted(by: try Self.author(of: record, in: view) ?? "somebody")
        }
        guard let meta = object.stored, meta.generation > record.generation else { return nil }
        return .changed(by: try Self.author(of: record, in: view) ?? "somebody")
    }

    /// The newest generation that was seen.
    func generation(of record: RolloutRecord) -> Int64 {
        max(record.generation, objects[record.uid]?.stored?.generation ?? 0)
    }

    private static func author(of record: RolloutRecord, in view: StoredCluster) throws -> String? {
        try view.reader?.history(host: record.host).first { $0.objects.contains(record.key) }?.actor
    }
}
