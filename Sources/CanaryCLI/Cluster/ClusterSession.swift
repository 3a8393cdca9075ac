// SPDX-License-Identifier: Apache-2.0

import CanaryManifests
import CanaryModel
import CanaryStore

/// The cluster store as commands use it: consistent reads, and changes that make exactly one revision.
struct ClusterSession {
    let settings: Settings
    let context: CommandContext

    var location: StoreLocation { StoreLocation(settings.storeDirectory) }

    /// Reads at one revision. A store that does not exist yet reads as empty.
    func read<Value>(_ body: (ClusterView) throws -> Value) throws -> Value {
        guard let store = try ClusterStore.openExisting(at: location, context: storeContext) else {
            tell("there is no cluster store at \(settings.storeDirectory) yet")
            return try body(ClusterView(reader: nil))
        }
        return try store.read { reader in
            let view = ClusterView(reader: reader)
            tell("reading the cluster store at \(settings.storeDirectory), revision \(view.revision)")
            return try body(view)
        }
    }

    /// Decides changes over the current revision and commits them as one. With `--dry-run` nothing is left behind:
    /// `client` only decides, `server` also writes and takes it back.
    func change(_ options: ChangeOptions, verb: String, _ body: (ClusterChange) throws -> Void) throws
        -> ChangeResult
    {
        guard options.dryRun != .client else {
            return try read { view in
                let change = ClusterChange(view: view)
                try body(change)
                return ChangeResult(changes: change.changes, revision: nil)
            }
        }
        let store = try ClusterStore.open(at: location, context: storeContext)
        let note = ChangeNote(actor: context.userName, reason: options.reason)
        let isDryRun = options.dryRun == .server
        let result = try store.write(note, dryRun: isDryRun) { writer in
            let change = ClusterChange(view: ClusterView(reader: writer))
            try body(change)
            try ChangeWriter(writer: writer, verb: verb).write(change)
            return change.changes
        }
        let revision = isDryRun ? nil : result.revision
        tell(
            "changing the cluster store at \(settings.storeDirectory): "
                + (revision.map { "revision \($0)" } ?? "no new revision")
        )
        return ChangeResult(changes: result.value, revision: revision)
    }

    /// A line of `--verbose`.
    private func tell(_ message: String) {
        guard settings.isVerbose else { return }
        context.standardError.writeLine(TerminalText.escape(message))
    }

    private var storeContext: StoreContext {
        StoreContext(now: context.now, newUID: context.newUID)
    }
}

/// What a command changed, and the revision that holds it; `nil` where nothing was committed.
struct ChangeResult {
    var changes: [ObjectChange]
    var revision: Int64?
}
