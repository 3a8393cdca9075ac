// SPDX-License-Identifier: Apache-2.0

import CanarySystem
package import CanaryResources
import Glibc

/// What is running on a store and what it counted: `runtime.db`, beside the cluster store.
///
/// Nothing here is worth stopping for. A damaged file is moved aside and made anew, one that was deleted is made again;
/// only counts are lost. Of a store whose directory is gone nothing is made: reports fail until it returns. Like ``ClusterStore`` a value belongs to one thread at a time.
package final class RuntimeStore {
    /// How long evidence is kept that no proxy serves any more: of earlier splits, of objects that are gone, of other stores.
    package static let keptMilliseconds: Int64 = 30 * 86_400_000
    /// How long a proxy must have been silent before its process may be taken for dead: one in another container cannot be
    /// seen, and what it counted must not be added up twice.
    package static let silence: Int64 = 60_000

    let location: StoreLocation
    private let context: StoreContext
    private let warn: (String) -> Void
    private var database: Database?
    /// What looks use before the first change: opening again and again would cost more than looking.
    private var reader: Database?

    /// Opens nothing yet: the first report makes the file if it must.
    ///
    /// - Parameters:
    ///   - location: the store's directory.
    ///   - context: time and patience.
    ///   - warn: is told in a sentence when a damaged file was moved aside.
    package init(
        at location: StoreLocation,
        context: StoreContext = .system,
        warn: @escaping (String) -> Void
    ) {
        self.location = location
        self.context = context
        self.warn = warn
    }

    /// Milliseconds since 1970.
    var now: Int64 { context.now() }

    // MARK: - Writing

    /// Makes or renews a proxy's entry and writes what it has counted so far, all or nothing. Repeating it does no harm.
    ///
    /// - Parameters:
    ///   - records: those that have grown since they were written last.
    ///   - parts: records that will never grow again; they are added to what ended proxies counted.
    /// - Returns: whether the file knew the proxy already. If not, though the proxy has reported before, its file is gone,
    ///   and all of its records have to be written again.
    @discardableResult
    package func report(
        _ proxy: ProxyRecord,
        writing records: [EvidenceRecord] = [],
        settling parts: [Int64] = []
    ) throws(StoreError) -> Bool {
        try change { database throws(StoreError) in
            let isKnown = try database.first("SELECT 1 FROM proxies WHERE id = ?", [.text(proxy.id)]) {
                _ throws(SQLiteError) in true
            }
            try self.put(proxy, in: database)
            let table = EvidenceTable(database: database, now: self.context.now())
            try table.write(records, of: proxy.id)
            for part in parts { try table.settle(proxy.id, part: part) }
            return isKnown ?? false
        }
    }

    /// Writes a proxy's last counts and removes its entry as it ends.
    package func remove(proxy id: String, writing records: [EvidenceRecord] = []) throws(StoreError) {
        try change { database throws(StoreError) in
            let table = EvidenceTable(database: database, now: self.context.now())
            try table.write(records, of: id)
            try database.run("DELETE FROM proxies WHERE id = ?", [.text(id)])
            try database.run("DELETE FROM served_pods WHERE proxy = ?", [.text(id)])
        }
        // Apart from the writing: settling what is settled already does nothing.
        try change { database throws(StoreError) in
            try EvidenceTable(database: database, now: self.context.now()).settle(id)
        }
    }

    /// Says that proxies still serve what is counted under these keys, so that it is kept.
    package func renew(_ keys: some Sequence<EvidenceKey>) throws(StoreError) {
        try change { database throws(StoreError) in
            try EvidenceTable(database: database, now: self.context.now()).renew(keys)
        }
    }

    /// Removes the entries of proxies that were killed and adds up what they counted, and forgets what no proxy has served
    /// for ``keptMilliseconds``.
    package func clean() throws(StoreError) {
        let now = context.now()
        let dead = try allProxies().filter { !$0.process.isRunning && now - $0.heartbeat >= Self.silence }
        try change { database throws(StoreError) in
            for proxy in dead {
                try database.run("DELETE FROM proxies WHERE id = ?", [.text(proxy.id)])
            }
            try database.run("DELETE FROM served_pods WHERE proxy NOT IN (SELECT id FROM proxies)")
            let table = EvidenceTable(database: database, now: now)
            for id in try table.writersWithoutEntry() { try table.settle(id) }
            try table.forget(before: now - Self.keptMilliseconds)
        }
    }

    private func put(_ proxy: ProxyRecord, in database: Database) throws(StoreError) {
        try database.run(
            """
            INSERT OR REPLACE INTO proxies (id, pid, process_start, started_at, heartbeat, applied_revision, \
            version, admin, listeners, stale_since, problems, applied_commit, client_namespace, client_labels, \
            failing, damage) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                .text(proxy.id), .integer(Int64(proxy.process.pid)), .integer(proxy.process.startTicks),
                .integer(proxy.startedAt), .integer(context.now()), .integer(proxy.appliedRevision),
                .text(proxy.version), SQLValue(proxy.admin), .text(proxy.listeners.joined(separator: "\n")),
                proxy.staleSince.map { .integer($0) } ?? .null,
                Self.lines(proxy.problems),
                .text(proxy.appliedCommit), .text(proxy.clientNamespace),
                .text(proxy.clientLabels.map { "\($0)=\($1)" }.sorted().joined(separator: ",")),
                .text(proxy.failing.map(\.line).joined(separator: "\n")),
                Self.lines(proxy.damage),
            ]
        )
    }

    /// Sentences, a line each.
    private static func lines(_ sentences: [String]) -> SQLValue {
        .text(sentences.map { $0.replacing("\n", with: " ") }.joined(separator: "\n"))
    }

    // MARK: - Reading

    /// The proxies that run now, the oldest first.
    package func liveProxies() throws(StoreError) -> [ProxyRecord] {
        try allProxies().filter(\.process.isRunning)
    }

    /// What all proxies together counted for a host of a store, those that ended too.
    package func evidence(store: String, host: String) throws(StoreError) -> [EvidenceKey: RouteEvidence] {
        try look { database throws(StoreError) in
            try EvidenceTable(database: database, now: self.context.now()).sums(store: store, host: host)
        } ?? [:]
    }

    /// `app=web,version=v1`: neither side of a label can hold the signs.
    private static func labels(_ text: String) -> [String: String] {
        let pairs = text.split(separator: ",").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (String(parts[0]), parts.count == 2 ? String(parts[1]) : "")
        }
        return Dictionary(pairs) { first, _ in first }
    }

    private func allProxies() throws(StoreError) -> [ProxyRecord] {
        try look { database throws(StoreError) in
            try database.rows(
                """
                SELECT id, pid, process_start, started_at, heartbeat, applied_revision, version, admin, listeners, \
                stale_since, problems, applied_commit, client_namespace, client_labels, failing, damage \
                FROM proxies ORDER BY started_at, id
                """
            ) { row throws(SQLiteError) in
                ProxyRecord(
                    id: row.text(0),
                    process: ProcessIdentity(
                        pid: Int32(truncatingIfNeeded: row.integer(1)),
                        startTicks: row.integer(2)
                    ),
                    startedAt: row.integer(3),
                    version: row.text(6),
                    admin: row.optionalText(7),
                    listeners: row.text(8).split(separator: "\n").map(String.init),
                    appliedRevision: row.integer(5),
                    appliedCommit: row.text(11),
                    staleSince: row.optionalInteger(9),
                    problems: row.text(10).split(separator: "\n").map(String.init),
                    damage: row.text(15).split(separator: "\n").map(String.init),
                    failing: row.text(14).split(separator: "\n").compactMap(ProxyRecord.FailingEndpoint.init),
                    clientNamespace: row.text(12),
                    clientLabels: Self.labels(row.text(13)),
                    heartbeat: row.integer(4)
                )
            }
        } ?? []
    }
}

// MARK: - The file

extension RuntimeStore {
    func change<T>(_ body: (Database) throws(StoreError) -> T) throws(StoreError) -> T {
        try recovering { () throws(StoreError) in
            let database = try self.opened()
            return try database.write { () throws(StoreError) in (try body(database), .commit) }
        }
    }

    /// `nil` if there is no file yet.
    func look<T>(_ body: (Database) throws(StoreError) -> T) throws(StoreError) -> T? {
        try recovering { () throws(StoreError) in
            if let known = self.database ?? self.reader, known.isIntact { return try body(known) }
            let found = try Database.openExisting(
                .runtime,
                at: self.location,
                lockTimeoutMilliseconds: self.context.lockTimeoutMilliseconds
            )
            self.reader = found
            guard let found else { return nil }
            return try body(found)
        }
    }

    private func opened() throws(StoreError) -> Database {
        if let database { return database }
        let opened = try Database.open(
            .runtime,
            at: location,
            lockTimeoutMilliseconds: context.lockTimeoutMilliseconds
        )
        database = opened
        return opened
    }

    /// Tries a second time, on a new file, when the one at hand is damaged or gone.
    private func recovering<T>(_ body: () throws(StoreError) -> T) throws(StoreError) -> T {
        let suspect = FileIdentity(path: location.path(of: DatabaseFormat.runtime.name))
        do throws(StoreError) {
            return try body()
        } catch {
            (database, reader) = (nil, nil)
            switch error.code {
            case .corrupt, .foreign: try moveAside(suspect, because: error)
            case .replaced, .absent: break
            default: throw error
            }
        }
        return try body()
    }

    /// Renames the damaged file, unless another process has done so meanwhile. Processes that still have it open find
    /// out at their next change.
    private func moveAside(_ suspect: FileIdentity?, because error: StoreError) throws(StoreError) {
        let path = location.path(of: DatabaseFormat.runtime.name)
        let lock = try StoreLock(
            path: location.path(of: DatabaseFormat.runtime.lockName),
            guarding: path,
            timeoutMilliseconds: context.lockTimeoutMilliseconds
        )
        try withExtendedLifetime(lock) { () throws(StoreError) in
            guard FileIdentity(path: path) == suspect else { return }
            guard unsafe rename(path, "\(path).damaged") == 0 else {
                throw .system("move aside", path, errno: errno)
            }
            unsafe unlink("\(path)-wal")
            unsafe unlink("\(path)-shm")
            warn("\(error.message); it is kept as \(path).damaged, and traffic is counted from zero")
        }
    }
}
