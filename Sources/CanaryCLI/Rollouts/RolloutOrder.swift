// SPDX-License-Identifier: Apache-2.0

import CanaryJudge
import CanaryResources
import CanaryStore
import CanarySystem

/// Gives an order to the controller, or obeys it where there is none, and waits for what comes of it.
struct RolloutOrder {
    /// How long a controller may take: it looks five times a second.
    private static let patience = Duration.seconds(5)

    let session: ClusterSession
    let verb: RolloutVerb
    let reason: String?

    /// Returns the rollout after it.
    func give(to host: String) throws -> StoredRollout {
        // Who waits for a store is told so before anything is made.
        _ = try session.rollout(of: host)
        let store = try session.store()
        let (rollout, order, members) = try store.write(ChangeNote(actor: session.context.userName())) {
            try write(to: host, $0)
        }.value
        guard let order else { return rollout }
        let only = members.count == 1 ? rollout.record.id : nil
        if var service = try RolloutService(session, only: only, isLasting: false) { try service.turn() }
        let isAnswered = try Patience(Self.patience).wait {
            try store.read { try $0.answer(to: order.id) } != .waiting
        }
        guard isAnswered else {
            throw CommandError(
                "the controller has not taken up the order yet: it waits",
                hint: "canaryctl rollout status shows when it has",
                status: .temporary
            )
        }
        if case .refused(let reason) = try store.read({ try $0.answer(to: order.id) }) {
            let host = session.settings.inCommands(rollout.record.host)
            throw CommandError(
                "cannot \(verb.words) the rollout of \(HostName.short(rollout.record.host)): \(reason)",
                hint:
                    "canaryctl rollout status \(host) shows where it is"
            )
        }
        return try store.read { try StoredRollout($0.rollout(rollout.record.id) ?? rollout.record, $0) }
    }

    /// Writes the order down for the rollout and the rest of its group. No order is needed where a retry begins a run of its own,
    /// since the object asks for something else by now.
    private func write(to host: String, _ writer: StoreWriter) throws -> (StoredRollout, OrderRow?, [Int64]) {
        let (context, settings) = (session.context, session.settings)
        let view = StoredCluster(reader: writer)
        let host = try view.host(named: host, namespace: settings.namespace)
        var rollout = try StoredRollout(of: host, view, settings)
        let beginning = RolloutBeginning(writer: writer, settings: settings, now: context.now())
        let object = try view.resource(rollout.record.key)
        let isOutdated = rollout.state.isManifestChanged && verb == .retry && rollout.record.hasEnded
        if rollout.record.id == 0 || isOutdated, let object {
            rollout = try StoredRollout(beginning.begin(object), writer)
            if isOutdated { return (rollout, nil, []) }
        }
        let order = OrderRow(
            id: UUID.random().description,
            rollout: rollout.record.id,
            command: verb.rawValue,
            actor: context.userName(),
            reason: reason ?? ""
        )
        let members = try group(rollout, writer)
        for member in members {
            var own = order
            own.rollout = member
            if member != order.rollout { own.id += "-\(member)" }
            try writer.give(own)
        }
        return (rollout, order, members)
    }

    private func group(_ rollout: StoredRollout, _ writer: StoreWriter) throws -> [Int64] {
        guard let group = rollout.spec.group else { return [rollout.record.id] }
        let others = try writer.newestRollouts().values.filter {
            $0.namespace == rollout.record.namespace && $0.spec?.group == group
        }
        return Array(Set(others.map(\.id) + [rollout.record.id])).sorted()
    }
}

extension RolloutVerb {
    fileprivate var words: String { self == .promoteFull ? "promote" : rawValue }

    /// What has become of a rollout that obeyed.
    var done: String {
        switch self {
        case .pause: "paused"
        case .resume: "resumed"
        case .promote, .promoteFull: "promoted"
        case .abort: "aborted"
        case .retry: "begun again"
        }
    }
}
