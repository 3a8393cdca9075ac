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
        let context = session.context
        let rollout = try session.rollout(of: host)
        let order = OrderRow(
            id: UUID.random().description,
            rollout: rollout.record.id,
            command: verb.rawValue,
            actor: context.userName(),
            reason: reason ?? ""
        )
        let stores = StoreContext(now: context.now, newUID: context.newUID)
        let store = try ClusterStore.open(at: session.location, context: stores)
        // The rest of a group hears the same.
        let members = try store.write(ChangeNote(actor: order.actor)) { writer in
            let members = try group(rollout, writer)
            for member in members {
                var own = order
                own.rollout = member
                if member != order.rollout { own.id += "-\(member)" }
                try writer.give(own)
            }
            return members
        }.value
        if var service = try RolloutService(session, only: members.count == 1 ? rollout.record.id : nil) {
            try service.turn()
        }
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

    private func group(_ rollout: StoredRollout, _ writer: StoreWriter) throws -> [Int64] {
        guard let group = rollout.request.plan.group else { return [rollout.record.id] }
        let others = try writer.activeRollouts().filter {
            $0.namespace == rollout.record.namespace && RolloutRequest(text: $0.request)?.plan.group == group
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
