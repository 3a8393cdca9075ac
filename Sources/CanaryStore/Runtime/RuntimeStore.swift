// SPDX-License-Identifier: Apache-2.0

import Glibc

/// What is running on a store and what it counted: `runtime.db`, beside the cluster store.
///
/// Nothing here is worth stopping for. A damaged file is moved aside and made anew, one that was deleted is made again;
/// only counts are lost. Like ``ClusterStore`` a value belongs to one thread at a time.
package final class RuntimeStore {
    /// For each route, counts of so many revisions are kept; `describe` shows the newest one.
    package static let keptRevisions = 20

    private let location: StoreLocation
    private let context: StoreContext
    private let warn: (String) -> Void
    private var database: Database?

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

    // MARK: - Writing

    /// Makes or renews a proxy's entry and adds what it has counted since its last report, all or nothing: when this
    /// throws, the same counts can be handed in again.
    package func report(_ proxy: ProxyRecord, adding counts: [TrafficCount] = []) throws(StoreError) {
        try change { database throws(StoreError) in
            try self.put(proxy, in: database)
            try self.add(counts, to: database)
        }
    }

    /// Removes a proxy's entry as it ends, after adding its last counts.
    package func remove(proxy id: String, adding counts: [TrafficCount] = []) throws(StoreError) {
        try change { database throws(StoreError) in
            try self.add(counts, to: database)
            try database.run("DELETE FROM proxies WHERE id = ?", [.text(id)])
        }
    }

    /// Removes the entries of proxies that were killed, and counts that are too old to be asked for. A proxy does this
    /// once as it starts.
    package func clean() throws(StoreError) {
        let dead = try allProxies().filter { !$0.process.isRunning }
        try change { database throws(StoreError) in
            for proxy in dead {
                try database.run("DELETE FROM proxies WHERE id = ?", [.text(proxy.id)])
            }
            try database.run(
                """
                DELETE FROM counters WHERE (host, route, since) IN (SELECT host, route, since FROM \
                (SELECT host, route, since, dense_rank() OVER \
                (PARTITION BY host, route ORDER BY since DESC) AS age FROM counters) WHERE age > ?)
                """,
                [.integer(Int64(Self.keptRevisions))]
            )
        }
    }

    private func put(_ proxy: ProxyRecord, in database: Database) throws(StoreError) {
        try database.run(
            """
            INSERT OR REPLACE INTO proxies (id, pid, process_start, started_at, heartbeat, applied_revision, \
            version, admin, listeners) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                .text(proxy.id), .integer(Int64(proxy.process.pid)), .integer(proxy.process.startTicks),
                .integer(proxy.startedAt), .integer(context.now()), .integer(proxy.appliedRevision),
                .text(proxy.version), SQLValue(proxy.admin), .text(proxy.listeners.joined(separator: "\n")),
            ]
        )
    }

    /// Sums of all proxies share a row, so a proxy that ends or is killed takes nothing with it.
    private func add(_ counts: [TrafficCount], to database: Database) throws(StoreError) {
        for count in counts {
            try database.run(
                """
                INSERT INTO counters (host, route, since, destination, requests, errors) \
                VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET \
                requests = requests + excluded.requests, errors = errors + excluded.errors
                """,
                [
                    .text(count.host), .text(count.route), .integer(count.since), .text(count.destination),
                    .integer(count.requests), .integer(count.errors),
                ]
            )
        }
    }

    // MARK: - Reading

    /// The proxies that run now, the oldest first.
    package func liveProxies() throws(StoreError) -> [ProxyRecord] {
        try allProxies().filter(\.process.isRunning)
    }

    /// What all proxies together counted for a host, ordered by route, then oldest revision, then destination.
    package func counts(host: String) throws(StoreError) -> [TrafficCount] {
        try look { database throws(StoreError) in
            try database.rows(
                """
                SELECT route, since, destination, requests, errors FROM counters WHERE host = ? \
                ORDER BY route, since, destination
                """,
                [.text(host)]
            ) { row throws(SQLiteError) in
                TrafficCount(
                    host: host,
                    route: row.text(0),
                    since: row.integer(1),
                    destination: row.text(2),
                    requests: row.integer(3),
                    errors: row.integer(4)
                )
            }
        } ?? []
    }

    private func allProxies() throws(StoreError) -> [ProxyRecord] {
        try look { database throws(StoreError) in
            try database.rows(
                """
                SELECT id, pid, process_start, started_at, heartbeat, applied_revision, version, admin, listeners \
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
                    heartbeat: row.integer(4)
                )
            }
        } ?? []
    }
}

// MARK: - The file

extension RuntimeStore {
    private func change(_ body: (Database) throws(StoreError) -> Void) throws(StoreError) {
        try recovering { () throws(StoreError) in
            let database = try self.opened()
            try database.write { () throws(StoreError) in
                try body(database)
                return ((), .commit)
            }
        }
    }

    /// `nil` if there is no file yet.
    private func look<T>(_ body: (Database) throws(StoreError) -> T) throws(StoreError) -> T? {
        try recovering { () throws(StoreError) in
            if let database = self.database, database.isIntact { return try body(database) }
            let found = try Database.openExisting(
                .runtime,
                at: self.location,
                lockTimeoutMilliseconds: self.context.lockTimeoutMilliseconds
            )
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
            database = nil
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
            guard rename(path, "\(path).damaged") == 0 else {
                throw .system("move aside", path, errno: errno)
            }
            unlink("\(path)-wal")
            unlink("\(path)-shm")
            warn("\(error.message); it is kept as \(path).damaged, and traffic is counted from zero")
        }
    }
}
