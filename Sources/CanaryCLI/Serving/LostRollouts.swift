// SPDX-License-Identifier: Apache-2.0

import CanaryInsight
import CanaryJudge
import CanaryMesh
import CanaryProxy
import CanaryResources
import CanaryStore
import CanarySystem

/// Sends the requests of rollouts that nobody controls to their stable versions, where they ask for that.
///
/// A controller touches its lock's file once a second. How long that has not happened is measured by the proxy's own clock, from
/// the proxy's start on at the earliest, so that no jump of the calendar's clock sends anybody anywhere. What goes to the
/// stable version meanwhile is counted under an epoch that no rollout knows.
final class LostRollouts {
    /// Between two touches and some time for a busy machine: no rollout is looked at sooner.
    private static let leastSilence = Duration.seconds(2)

    private let location: StoreLocation
    private let settings: Settings
    private let log: ServiceLog
    private var store: ClusterStore?
    private var lastSign: ControllerLock.Sign?
    private var heardAt: Int64
    private var isFallingBack = false

    init(_ settings: Settings, _ log: ServiceLog) {
        location = StoreLocation(settings.storeDirectory)
        self.settings = settings
        self.log = log
        heardAt = Clock.monotonicMilliseconds()
        lastSign = ControllerLock.lastSign(at: location)
    }

    /// Looks once; to be called once a second.
    func look(_ tables: ServedTables, _ proxy: Proxy) {
        let now = Clock.monotonicMilliseconds()
        let sign = ControllerLock.lastSign(at: location)
        if sign != lastSign { (lastSign, heardAt) = (sign, now) }
        let silence = Duration.milliseconds(now - heardAt)
        // Where there never was a controller there is no rollout that has moved.
        guard sign != nil, silence >= Self.leastSilence || isFallingBack else { return }
        do {
            let (commit, stables) = try stables(after: silence)
            guard let news = tables.serve(stables, instead: commit, on: proxy) else { return }
            tell(news, isOver: stables.isEmpty)
            isFallingBack = !stables.isEmpty
        } catch {
            // What is served stays as it is; the thread that follows the store tells of a store that cannot be read.
            store = nil
        }
    }

    private func tell(_ hosts: Set<String>, isOver: Bool) {
        for host in hosts.sorted() {
            if isOver {
                log.inform("the rollout of \(HostName.short(host)) has a controller again")
            } else {
                log.warn("no controller: all requests to \(HostName.short(host)) go to its stable version")
            }
        }
    }

    /// The objects that give the rollouts' requests to their stable versions, with those of the store.
    private func stables(after silence: Duration) throws -> (commit: String, [StableRouting]) {
        let store = try self.store ?? ClusterStore.openExisting(at: location, context: .system)
        self.store = store
        guard let store else { return ("", []) }
        return try store.read { reader in
            let rollouts = try reader.activeRollouts().filter { !$0.hasEnded }
            let lost = try rollouts.compactMap { record -> StableRouting? in
                guard let spec = record.spec, spec.onControllerLost == .stable,
                    silence >= spec.controllerLostAfter
                else { return nil }
                return try StableRouting(record, spec, reader)
            }
            return (reader.commit, lost)
        }
    }
}

/// A rollout's route as the store has it, and with all requests for the stable version.
struct StableRouting {
    let host: String
    let stored: Resource
    let stable: Resource

    /// `nil` where the stable version has all requests as it is, or nobody can say how it gets them.
    init?(_ record: RolloutRecord, _ spec: RolloutSpec, _ reader: StoreReader) throws {
        guard let first = try reader.entries(of: record.id, upTo: 1)?.first,
            case .started(let plan) = first.event
        else { return nil }
        let versions = RolloutVersions(record, spec, plan)
        var snapshot = try StoredCluster(reader: reader).closure(of: [record.host])
        snapshot.storeID = reader.storeUID
        guard let change = try? versions.plan(.stable, in: snapshot), !change.isUnchanged, !change.isNew,
            let stored = snapshot.resource(change.key)
        else { return nil }
        host = record.host
        self.stored = stored
        var stable = Resource(key: change.key, body: change.body, stored: stored.stored)
        // Another epoch than the split's, and the same one until a controller is back.
        let epoch = RouteEpoch(revision: stored.stored?.revision ?? 0, commit: "lost+\(record.id)")
        let epochs = RouteEpochs.after(change: stored, to: stable, commit: epoch)
        stable.stored?.routeEpochs = epochs
        self.stable = stable
    }
}
