// SPDX-License-Identifier: Apache-2.0

import CanaryInsight
import CanaryJudge
import CanaryMesh
import CanaryResources
import CanaryStore

/// A rollout's route as it is since a commit of the store.
struct SeenRoute {
    let commit: String
    private(set) var pair: VersionPair?
    private(set) var setting: RouteSetting?
    private(set) var epoch = ""
    /// Who began the epoch.
    private(set) var author: String?
    /// Who last changed the object that the route is in.
    private(set) var editor: String?
    /// Why nobody can say how the route is.
    private(set) var problem: String?

    init(_ reader: StoreReader, _ settings: Settings, versions: () throws -> RolloutVersions) throws {
        commit = reader.commit
        let view = StoredCluster(reader: reader)
        do {
            let versions = try versions()
            do {
                try look(versions, view, reader)
            } catch let error as WeightPlanError {
                problem = CommandError(error, versions.host, settings).message
            }
        } catch let error as CommandError {
            problem = error.message
        }
    }

    private mutating func look(_ versions: RolloutVersions, _ view: StoredCluster, _ reader: StoreReader)
        throws
    {
        try view.requireReadableRouting(of: versions.host)
        var snapshot = try view.closure(of: [versions.host])
        snapshot.storeID = reader.storeUID
        guard let pair = try versions.pair(in: snapshot) else { return }
        (self.pair, setting, epoch) = (pair, versions.setting(pair), versions.epoch(pair))
        let changes = try reader.history(host: versions.host)
        author = changes.first { $0.revision == pair.lastEpoch.revision }?.actor
        editor = changes.first { $0.objects.contains(pair.route.source.key) }?.actor
    }
}
