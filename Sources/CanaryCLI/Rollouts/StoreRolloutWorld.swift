// SPDX-License-Identifier: Apache-2.0

import CanaryInsight
import CanaryJudge
import CanaryMesh
import CanaryResources
import CanaryRollout
import CanaryStore

/// The store and its proxies, as the controller of rollouts sees and changes them. Belongs to one thread.
final class StoreRolloutWorld: RolloutWorld {
    private let settings: Settings
    private let now: () -> Int64
    /// The only rollout that is to be seen, if not all are.
    private let only: Int64?
    private let store: ClusterStore
    private let runtime: RuntimeStore
    private var seen: [Int64: SeenRoute] = [:]
    private var records: [Int64: (record: RolloutRecord, spec: RolloutSpec)] = [:]
    private var pairs: [Int64: RolloutVersions] = [:]
    /// The last rows of journals, as they were read or written.
    private var ends: [Int64: JournalRow] = [:]
    private let manifests = RolloutManifests()

    init(_ session: ClusterSession, only: Int64? = nil) throws {
        settings = session.settings
        now = session.context.now
        self.only = only
        store = try session.store()
        runtime = session.runtime
    }

    /// Whether this is the store that is at its place now.
    var isIntact: Bool { store.isIntact }

    // MARK: - Looking

    func look(known: Set<Int64>) throws -> RolloutSight {
        var sight = RolloutSight(items: [], proxies: [], problems: try beginDue())
        let storeID = try store.read { reader in
            let view = StoredCluster(reader: reader)
            let active = try reader.activeRollouts().filter { only == nil || $0.id == only }
            for record in active {
                guard let spec = records[record.id]?.spec ?? record.spec else {
                    sight.problems.append("what rollout \"\(record.name)\" asks for cannot be read")
                    continue
                }
                records[record.id] = (record, spec)
                var item = try item(record, reader, isKnown: known.contains(record.id))
                item.manifest = try manifests.sight(of: record, in: view)
                item.run.generation = manifests.generation(of: record)
                sight.items.append(item)
            }
            let ids = Set(active.map(\.id))
            records = records.filter { ids.contains($0.key) }
            seen = seen.filter { ids.contains($0.key) }
            pairs = pairs.filter { ids.contains($0.key) }
            return reader.storeUID
        }
        for index in sight.items.indices {
            let id = sight.items[index].run.id
            guard let host = records[id]?.record.host, let pair = seen[id]?.pair, let versions = pairs[id]
            else { continue }
            let evidence = try runtime.evidence(store: storeID, host: host)
            sight.items[index].route.counts = versions.totals(evidence, of: pair)
        }
        // Whoever has counted anew by now is here, and those whose marks it did not know are not.
        sight.proxies = Set(try runtime.liveProxies().map(\.id))
        return sight
    }

    /// Begins the runs that objects ask for. Returns what keeps others from it.
    private func beginDue() throws -> [String] {
        guard only == nil else { return [] }
        let due = try store.read { try manifests.due(in: StoredCluster(reader: $0)) }
        guard !due.isEmpty else { return manifests.problems }
        return try store.write(ChangeNote(actor: "rollout")) { writer in
            try manifests.begin(RolloutBeginning(writer: writer, settings: settings, now: now()))
        }.value
    }

    private func item(_ record: RolloutRecord, _ reader: StoreReader, isKnown: Bool) throws
        -> RolloutSight.Item
    {
        let journal = isKnown ? JournalReading() : try reader.reading(of: record.id)
        if !isKnown { ends[record.id] = try reader.lastRow(ofJournalOf: record.id) }
        let route = try route(record, reader)
        return RolloutSight.Item(
            run: RolloutRun(id: record.id, name: record.name),
            journal: isKnown || !journal.entries.isEmpty ? journal.entries : nil,
            damage: journal.damage,
            phase: RolloutState.Phase(rawValue: record.phase),
            orders: try reader.waitingOrders(of: record.id).compactMap { row in
                RolloutVerb(rawValue: row.command).map {
                    WaitingOrder($0.command, Order(id: row.id, by: row.actor, reason: row.reason))
                }
            },
            route: RouteSight(
                setting: route.setting,
                epoch: route.epoch,
                author: route.author,
                editor: route.editor,
                problem: route.problem
            ),
            subject: records[record.id].map { RolloutSubject($0.record, $0.spec) }
        )
    }

    private func route(_ record: RolloutRecord, _ reader: StoreReader) throws -> SeenRoute {
        if let known = seen[record.id], known.commit == reader.commit { return known }
        let route = try SeenRoute(reader, settings) { try versions(record, reader) }
        seen[record.id] = route
        return route
    }

    // MARK: - Changing

    func write(_ changes: [RolloutChange]) throws -> [Int64: SettingOutcome] {
        let quiet = changes.filter { $0.setting == nil }
        if !quiet.isEmpty {
            try store.write(ChangeNote(actor: "rollout")) { writer in
                for change in quiet { try keep(change, writer) }
            }
        }
        var outcomes: [Int64: SettingOutcome] = [:]
        // Each is a change of its own author.
        for change in changes {
            guard let setting = change.setting, let record = records[change.run.id]?.record else { continue }
            let note = ChangeNote(actor: change.run.author, reason: setting.reason)
            outcomes[record.id] = try store.write(note) { writer in
                try keep(change, writer)
                return try set(setting.setting, seen: setting.seen, record, writer)
            }.value
        }
        return outcomes
    }

    private func keep(_ change: RolloutChange, _ writer: StoreWriter) throws {
        let rows = change.entries.map {
            JournalRow(number: $0.entry.number, attempt: $0.attempt, entry: $0.entry.line)
        }
        let end = ends[change.run.id]
        guard try writer.append(rows, toJournalOf: change.run.id, behind: end) else { throw TakenOver() }
        if let last = rows.last { ends[change.run.id] = last }
        for answer in change.answers { try writer.answer(answer.id, refusal: answer.refusal) }
        guard var record = records[change.run.id]?.record else { return }
        record.generation = change.run.generation
        record.phase = change.isWithdrawn ? RolloutRecord.withdrawn : change.phase.rawValue
        record.isOver = change.isOver
        try writer.mark(record)
    }

    private func set(
        _ setting: RouteSetting,
        seen: String,
        _ record: RolloutRecord,
        _ writer: StoreWriter
    ) throws -> SettingOutcome {
        let change = ClusterChange(view: StoredCluster(reader: writer))
        let versions = try versions(record, writer)
        do {
            try change.view.requireReadableRouting(of: record.host)
            var snapshot = try change.closure(of: [record.host])
            snapshot.storeID = writer.storeUID
            guard try versions.pair(in: snapshot).map(versions.epoch) ?? "" == seen else {
                return .routeChanged
            }
            guard let plan = try versions.plan(setting, in: snapshot) else {
                return .failed("the Rollout has no step with this condition any more")
            }
            guard !plan.isUnchanged || plan.isNew else { return .inForce(epoch: seen, isNew: false) }
            try change.edit(Resource(key: plan.key, body: plan.body))
            change.summarize(plan.key, versions.summary(of: setting, plan))
        } catch let error as WeightPlanError {
            return .failed(CommandError(error, record.host, settings).message)
        } catch let error as CommandError {
            return .failed(error.message)
        }
        try ChangeWriter(writer: writer, verb: "rollout").write(change)
        var snapshot = try StoredCluster(reader: writer).closure(of: [record.host])
        snapshot.storeID = writer.storeUID
        guard let pair = try versions.pair(in: snapshot) else { throw TakenOver() }
        return .inForce(epoch: versions.epoch(pair), isNew: pair.began(with: writer.nextEpoch))
    }

    /// The two versions in the route, as they were when the run began.
    private func versions(_ record: RolloutRecord, _ reader: StoreReader) throws -> RolloutVersions {
        if let known = pairs[record.id] { return known }
        guard let spec = records[record.id]?.spec,
            let first = try reader.reading(of: record.id, upTo: 1).entries.first,
            case .started(let plan) = first.event
        else {
            throw CommandError(
                "the journal of rollout \"\(record.name)\" cannot be read",
                hint: "begin the rollout again"
            )
        }
        let versions = RolloutVersions(record, spec, plan)
        pairs[record.id] = versions
        return versions
    }
}

extension StoreReader {
    /// A journal behind a number, as far as it can be read.
    func reading(
        of rollout: Int64,
        after number: Int = 0,
        upTo last: Int = .max
    ) throws(StoreError) -> JournalReading {
        var reading = JournalReading(after: number)
        for row in try journal(of: rollout, after: number, upTo: last) { reading.add(row.number, row.entry) }
        return reading
    }
}

extension RolloutSubject {
    fileprivate init(_ record: RolloutRecord, _ spec: RolloutSpec) {
        self.init(
            name: record.name,
            namespace: record.namespace,
            host: record.host,
            checksum: "\(record.uid)-\(record.id)",
            spec
        )
    }
}
