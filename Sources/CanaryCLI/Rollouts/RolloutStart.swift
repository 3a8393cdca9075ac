// SPDX-License-Identifier: Apache-2.0

import CanaryInsight
import CanaryJudge
import CanaryMesh
import CanaryResources
import CanaryStore

/// Begins a rollout of a version of a host.
struct RolloutStart {
    /// As people type it.
    var host: String
    var canary: String
    var stable: String?
    var route: String?

    func begin(_ session: ClusterSession, plan: (String) throws -> RolloutPlan) throws -> (
        StoredRollout, warnings: [String]
    ) {
        let settings = session.settings
        let stores = StoreContext(now: session.context.now, newUID: session.context.newUID)
        guard try ClusterStore.openExisting(at: session.location, context: stores) != nil else {
            let host = HostName.fromUser(host, namespace: settings.namespace)
            throw CommandError.unknownHost(host, among: [], settings)
        }
        let store = try ClusterStore.open(at: session.location, context: stores)
        return try store.write(ChangeNote(actor: session.context.userName())) { writer in
            let view = StoredCluster(reader: writer)
            let host = try view.host(named: self.host, namespace: settings.namespace)
            try view.requireReadableRouting(of: host)
            try endFormer(of: host, writer, settings)
            let snapshot = try view.closure(of: [host])
            let planner = WeightPlanner(snapshot, host: host, namespace: settings.namespace)
            let request = RolloutRequest(
                plan: try plan(try stable(planner, host, view, settings)),
                route: route,
                namespace: settings.namespace
            )
            let service = HostName.service(of: host)
            let id = try writer.beginRollout(
                service?.name ?? host,
                namespace: service?.namespace ?? settings.namespace,
                host: host,
                request: request.text
            )
            guard let record = try writer.rollout(id) else {
                throw CommandError("the rollout could not be stored", hint: "try again")
            }
            return (try StoredRollout(record, writer), warnings(snapshot, host, request))
        }.value
    }

    /// One that still moves is in the way. One that was promoted, and only watched, ends.
    private func endFormer(of host: String, _ writer: StoreWriter, _ settings: Settings) throws {
        guard let former = try writer.rollout(ofHost: host), !former.isOver else { return }
        let state = try StoredRollout(former, writer).state
        guard state.phase == .promoted, state.wanted == nil else {
            throw CommandError(
                "a rollout of \(HostName.short(host)) is going on: \(state.plan.stable) → \(state.plan.canary)",
                hint: "canaryctl rollout abort \(settings.inCommands(host)) ends it"
            )
        }
        try writer.mark(former.id, isOver: true)
    }

    /// The version to compare with, after a look at whether the route can be split.
    private func stable(
        _ planner: WeightPlanner,
        _ host: String,
        _ view: StoredCluster,
        _ settings: Settings
    ) throws -> String {
        do {
            let whole = try planner.plan(.all([canary: .whole]), route: route)
            let mine = whole.after.first { $0.weight > 0 }?.version ?? canary
            let largest = whole.before.filter { $0.version != mine }.max { $0.weight < $1.weight }
            guard let stable = stable ?? largest?.version else {
                throw CommandError(
                    "\(HostName.short(host)) has no other version than \"\(canary)\" to compare it with",
                    hint: "name the stable one with --stable"
                )
            }
            guard stable != canary else {
                throw CommandError.wrongUsage(
                    "\"\(canary)\" cannot be compared with itself",
                    hint: "--stable names another version"
                )
            }
            _ = try planner.plan(.all([canary: .zero, stable: .whole]), route: route)
            return stable
        } catch WeightPlanError.unknownHost {
            throw try view.unknownHost(host, settings)
        } catch let error as WeightPlanError {
            throw CommandError(error, host, settings)
        }
    }

    private func warnings(_ snapshot: ClusterSnapshot, _ host: String, _ request: RolloutRequest) -> [String]
    {
        let view = HostView(host, namespace: request.namespace, in: snapshot)
        let ready = view.destination(canary).labels.map { labels in
            (view.service?.ports ?? []).contains { view.endpoints(labels, at: $0).contains(where: \.isReady) }
        }
        return ready == false ? ["no endpoint of \"\(canary)\" is ready: it would get 503"] : []
    }
}
