// SPDX-License-Identifier: Apache-2.0

import CanaryInsight
import CanaryJudge
import CanaryMesh
import CanaryResources
import CanaryRollout
import CanaryStore

/// The store and its proxies, as the controller of rollouts sees and changes them. Belongs to one thread.
final class StoreRolloutWorld: RolloutWorld {
    /// A route as it is since a commit of the store.
    private struct Seen {
        var commit: String
        var pair: VersionPair?
        var author: String?
        var problem: String?
    }

    private let settings: Settings
    /// The only rollout that is to be seen, if not all are.
    private let only: Int64?
    private let store: ClusterStore
    private let runtime: RuntimeStore
    private var seen: [Int64: Seen] = [:]
    private var records: [Int64: (record: RolloutRecord, request: RolloutRequest)] = [:]

    init(_ session: ClusterSession, only: Int64? = nil) throws {
        settings = session.settings
        self.only = only
        let context = session.context
        store = try ClusterStore.open(
            at: session.location,
            context: StoreContext(now: context.now, newUID: context.newUID)
        )
        runtime = session.runtime
    }

    // MARK: - Looking

    func look(known: Set<Int64>) throws -> RolloutSight {
        var sight = RolloutSight(items: [], proxies: [])
        let storeID = try store.read { reader in
            let active = try reader.activeRollouts().filter { only == nil || $0.id == only }
            for record in active {
                guard let request = RolloutRequest(text: record.request) else {
                    sight.problems.append("what rollout \"\(record.name)\" asks for cannot be read")
                    continue
                }
                records[record.id] = (record, request)
                sight.items.append(try item(record, request, reader, isKnown: known.contains(record.id)))
            }
            let ids = Set(active.map(\.id))
            records = records.filter { ids.contains($0.key) }
            seen = seen.filter { ids.contains($0.key) }
            return reader.storeUID
        }
        sight.proxies = Set(try runtime.liveProxies().map(\.id))
        for index in sight.items.indices {
            let id = sight.items[index].run.id
            guard let host = records[id]?.record.host, let pair = seen[id]?.pair else { continue }
            let evidence = try runtime.evidence(store: storeID, host: host)
            sight.items[index].route.counts = RolloutEvidence.totals(evidence, of: pair)
        }
        return sight
    }

    private func item(
        _ record: RolloutRecord,
        _ request: RolloutRequest,
        _ reader: StoreReader,
        isKnown: Bool
    ) throws -> RolloutSight.Item {
        let journal = isKnown ? [] : try reader.entries(of: record.id)
        let route = try route(record, request, reader)
        return RolloutSight.Item(
            run: RolloutRun(id: record.id, name: record.name, plan: request.plan),
            journal: journal,
            orders: try reader.waitingOrders(of: record.id).compactMap { row in
                RolloutVerb(rawValue: row.command).map {
                    WaitingOrder($0.command, Order(id: row.id, by: row.actor, reason: row.reason))
                }
            },
            route: RouteSight(
                setting: route.pair?.setting,
                epoch: route.pair?.epoch.commit ?? "",
                author: route.author,
                problem: route.problem
            )
        )
    }

    private func route(_ record: RolloutRecord, _ request: RolloutRequest, _ reader: StoreReader) throws
        -> Seen
    {
        if let known = seen[record.id], known.commit == reader.commit { return known }
        var route = Seen(commit: reader.commit)
        let view = StoredCluster(reader: reader)
        do {
            try view.requireReadableRouting(of: record.host)
            var snapshot = try view.closure(of: [record.host])
            snapshot.storeID = reader.storeUID
            route.pair = try WeightPlanner(snapshot, host: record.host, namespace: request.namespace)
                .pair(stable: request.plan.stable, canary: request.plan.canary, route: request.route)
            if let epoch = route.pair?.epoch {
                let changes = try reader.history(host: record.host)
                route.author = changes.first { $0.revision == epoch.revision }?.actor
            }
        } catch let error as WeightPlanError {
            route.problem = CommandError(error, record.host, settings).message
        } catch let error as CommandError {
            route.problem = error.message
        }
        seen[record.id] = route
        return route
    }

    // MARK: - Changing

    func write(_ changes: [RolloutChange]) throws -> [Int64: SettingOutcome] {
        let quiet = changes.filter { $0.setting == nil }
        if !quiet.isEmpty {
            try store.write(ChangeNote(actor: "rollout")) { writer in
                for change in quiet { try Self.keep(change, writer) }
            }
        }
        var outcomes: [Int64: SettingOutcome] = [:]
        // Each is a change of its own author.
        for change in changes {
            guard let setting = change.setting, let (record, request) = records[change.run.id] else {
                continue
            }
            let note = ChangeNote(actor: change.run.author, reason: setting.reason)
            outcomes[record.id] = try store.write(note) { writer in
                try Self.keep(change, writer)
                return try set(setting.setting, seen: setting.seen, record, request, writer)
            }.value
        }
        return outcomes
    }

    private static func keep(_ change: RolloutChange, _ writer: StoreWriter) throws {
        let rows = change.entries.map {
            JournalRow(number: $0.entry.number, attempt: $0.attempt, entry: $0.entry.line)
        }
        guard try writer.append(rows, toJournalOf: change.run.id) else { throw TakenOver() }
        for answer in change.answers { try writer.answer(answer.id, refusal: answer.refusal) }
        try writer.mark(change.run.id, isOver: change.isOver)
    }

    private func set(
        _ setting: RouteSetting,
        seen: String,
        _ record: RolloutRecord,
        _ request: RolloutRequest,
        _ writer: StoreWriter
    ) throws -> SettingOutcome {
        guard case .split(let share) = setting else {
            return .failed("copies and conditions cannot be set yet")
        }
        let canary = Percentage(share)
        let change = ClusterChange(view: StoredCluster(reader: writer))
        do {
            try change.view.requireReadableRouting(of: record.host)
            let planner = WeightPlanner(
                try change.closure(of: [record.host]),
                host: record.host,
                namespace: request.namespace
            )
            let (stable, version) = (request.plan.stable, request.plan.canary)
            let now = try planner.pair(stable: stable, canary: version, route: request.route)
            guard now?.epoch.commit ?? "" == seen else { return .routeChanged }
            let wanted = WeightRequest.all([version: canary, stable: canary.rest])
            let plan = try planner.plan(wanted, route: request.route)
            guard !plan.isUnchanged || plan.isNew else { return .inForce(epoch: seen, isNew: false) }
            try change.edit(Resource(key: plan.key, body: plan.body))
            change.summarize(plan.key, plan.summary(of: .one(version, canary)))
        } catch let error as WeightPlanError {
            return .failed(CommandError(error, record.host, settings).message)
        } catch let error as CommandError {
            return .failed(error.message)
        }
        try ChangeWriter(writer: writer, verb: "rollout").write(change)
        return .inForce(epoch: writer.nextEpoch.commit, isNew: true)
    }
}

extension StoreReader {
    /// The entries of a journal behind a number; `nil` where one cannot be read.
    func entries(of rollout: Int64, after number: Int = 0) throws(StoreError) -> [JournalEntry]? {
        var entries: [JournalEntry] = []
        for row in try journal(of: rollout, after: number) {
            guard let entry = JournalEntry(line: row.entry) else { return nil }
            entries.append(entry)
        }
        return entries
    }
}

extension VersionPair {
    /// `nil` where it is no split of the two versions.
    var setting: RouteSetting? { share.map { .split(Share($0.part, of: $0.whole)) } }
}

extension Percentage {
    /// Exact for whole ten-thousandths of a percent, as manifests and the command line have them.
    init(_ share: Share) {
        let product = share.part.multipliedFullWidth(by: UInt64(Percentage.whole.millionths))
        self.init(millionths: Int(share.whole.dividingFullWidth(product).quotient))
    }

    var rest: Percentage { Percentage(millionths: Percentage.whole.millionths - millionths) }
}
