// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CanaryResources
import CanaryStore
import Glibc

/// The cluster store as commands use it: consistent reads, and changes that make exactly one revision.
struct ClusterSession {
    let settings: Settings
    let context: CommandContext

    var location: StoreLocation { StoreLocation(settings.storeDirectory) }

    private var running: RunningPods {
        RunningPods { [runtime] in (try? runtime.livePods()) ?? [] }
    }

    /// Reads at one revision. A store that does not exist yet reads as empty. Objects that cannot be read are
    /// left out, and told at the command's end by an error.
    func read<Value>(_ body: (StoredCluster) throws -> Value) throws -> Value {
        try look { view in
            let value = try body(view)
            context.lateErrors.note(try view.unreadable())
            return value
        }
    }

    private func look<Value>(_ body: (StoredCluster) throws -> Value) throws -> Value {
        guard let store = try ClusterStore.openExisting(at: location, context: storeContext) else {
            context.note("no cluster store at \(settings.storeDirectory) yet: nothing is stored")
            return try body(StoredCluster(reader: nil, running: running))
        }
        return try store.read { reader in
            context.note(
                "reading the cluster store \(settings.storeDirectory) at revision \(reader.revision)"
            )
            return try body(StoredCluster(reader: reader, running: running))
        }
    }

    /// Decides changes over the current revision and commits them as one. With `--dry-run` nothing is left behind:
    /// `client` only decides, `server` also writes and takes it back.
    func change(_ options: ChangeOptions, verb: String, _ body: (ClusterChange) throws -> Void) throws
        -> ChangeResult
    {
        guard options.dryRun != .client, let store = try storeToChange(options, verb: verb) else {
            return try look { view in
                let change = ClusterChange(view: view)
                try body(change)
                context.warn(try view.unreadable().map(\.message))
                return ChangeResult(changes: change.changes, revision: nil)
            }
        }
        let note = ChangeNote(actor: context.userName(), reason: options.reason)
        let isDryRun = options.dryRun == .server
        context.note("changing the cluster store \(settings.storeDirectory)")
        let result = try store.write(note, dryRun: isDryRun) { writer in
            let change = ClusterChange(view: StoredCluster(reader: writer, running: running))
            try body(change)
            try ChangeWriter(writer: writer, verb: verb).write(change)
            context.warn(try change.view.unreadable().map(\.message))
            return try change.changes.map { try $0.stored(by: writer) }
        }
        context.note(isDryRun ? "took the change back" : Self.outcome(result.revision))
        return ChangeResult(changes: result.value, revision: isDryRun ? nil : result.revision)
    }

    /// Only what makes objects makes a store; everything else looks into an empty cluster where there is none.
    private func storeToChange(_ options: ChangeOptions, verb: String) throws -> ClusterStore? {
        let mayMakeOne = options.dryRun == .none && ["create", "apply"].contains(verb)
        let database = FileReader.type(of: location.path(of: "cluster.db"))
        if !mayMakeOne, case .failure(let error) = database, error.number == ENOENT { return nil }
        return try ClusterStore.open(at: location, context: storeContext)
    }

    private static func outcome(_ revision: Int64?) -> String {
        revision.map { "committed revision \($0)" } ?? "nothing to commit"
    }

    /// The store, which is there.
    func store() throws -> ClusterStore {
        try ClusterStore.open(at: location, context: storeContext)
    }

    private var storeContext: StoreContext {
        StoreContext(now: context.now, newUID: context.newUID)
    }
}

extension ObjectChange {
    /// The change with what the store adds to the object: what is printed is what is stored.
    fileprivate func stored(by writer: StoreWriter) throws -> ObjectChange {
        guard outcome != .unchanged, after != nil, let object = try writer.object(key) else { return self }
        var change = self
        change.after?.stored = object.meta
        return change
    }
}

/// What a command changed, and the revision that holds it; `nil` where nothing was committed.
struct ChangeResult {
    var changes: [ObjectChange]
    var revision: Int64?
}
