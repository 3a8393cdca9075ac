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
            tell(news)
            isFallingBack = !stables.isEmpty
        } catch {
            // What is served stays as it is; the thread that follows the store tells of a store that cannot be read.
            store = nil
        }
    }

    private func tell(_ news: LostHosts) {
        for host in news.given.sorted() {
            log.warn("no controller: all requests to \(HostName.short(host)) go to its stable version")
        }
        for host in news.back.sorted() {
            log.inform("requests to \(HostName.short(host)) go as the store says again")
        }
    }

    /// The objects that give the rollouts' requests to their stable versions, with those of the store.
    private func stables(after silence: Duration) throws -> (commit: String, [StableRouting]) {
        let store = try self.store ?? ClusterStore.openExisting(at: location, context: .system)
        self.store = store
        guard let store else { return ("", []) }
        return try store.read { reader in
            var lost: [ResourceKey: StableRouting] = [:]
            for record in try reader.activeRollouts() where !record.hasEnded {
                guard let spec = record.spec, spec.onControllerLost == .stable,
                    silence >= spec.controllerLostAfter
                else { continue }
                try StableRouting.add(record, spec, to: &lost, reader)
            }
            return (reader.commit, Array(lost.values))
        }
    }
}

/// The hosts of which something has changed.
struct LostHosts {
    /// Whose requests all go to the stable version now.
    var given: Set<String> = []
    var back: Set<String> = []
}

/// An object with routes of rollouts, as the store has it, and with all their requests for the stable versions.
struct StableRouting {
    let stored: Resource
    private(set) var stable: Resource
    /// The rollouts'. There may be several in one object.
    private(set) var hosts: Set<String> = []

    /// Gives the requests of one more rollout to its stable version, but where that has them all as it is, or nobody can say how it
    /// gets them.
    static func add(
        _ record: RolloutRecord,
        _ spec: RolloutSpec,
        to lost: inout [ResourceKey: StableRouting],
        _ reader: StoreReader
    ) throws {
        // What was deleted or begun anew while nobody controlled it leaves its route as it is.
        guard try reader.rollout(of: record.uid)?.id == record.id,
            try reader.object(record.key)?.meta.uid == record.uid
        else { return }
        guard let first = try reader.reading(of: record.id, upTo: 1).entries.first,
            case .started(let plan) = first.event
        else { return }
        let versions = RolloutVersions(record, spec, plan)
        var snapshot = try StoredCluster(reader: reader).closure(of: [record.host])
        snapshot.storeID = reader.storeUID
        for routing in lost.values where snapshot.resource(routing.stable.key) != nil {
            snapshot.insert(routing.stable)
        }
        guard let change = try? versions.plan(.stable, in: snapshot), !change.isUnchanged, !change.isNew,
            let before = snapshot.resource(change.key)
        else { return }
        var routing = lost[change.key] ?? StableRouting(stored: before, stable: before)
        routing.stable = Resource(key: change.key, body: change.body, stored: before.stored)
        // Another epoch than the split's, and the same one until a controller is back.
        let epoch = RouteEpoch(revision: before.stored?.revision ?? 0, commit: "lost+\(record.id)")
        let epochs = RouteEpochs.after(change: before, to: routing.stable, commit: epoch)
        routing.stable.stored?.routeEpochs = epochs
        routing.hosts.insert(record.host)
        lost[change.key] = routing
    }
}
