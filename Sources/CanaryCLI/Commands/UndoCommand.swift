// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryManifests
import CanaryModel
import CanaryStore

/// Takes back the last change of a host's routing.
struct UndoCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "undo",
        abstract: "Take back the last change of a host's routing",
        discussion: """
            The host's VirtualServices and DestinationRules become what they were before their last change; a second \
            undo returns. What that change created is removed.

            \(Help.examples(
                ("Take back the last set-weight", "canaryctl undo helloworld"),
                ("Go back to what revision 4 was", "canaryctl undo helloworld --to-revision 4")
            ))
            """
    )

    @Argument(help: "The host")
    var host: String

    @Option(help: ArgumentHelp("The revision whose routing comes back", valueName: "n"))
    var toRevision: Int64?

    @OptionGroup(title: "Change") var change: ChangeOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(in context: CommandContext) throws -> ExitStatus {
        let settings = try Settings(global, context)
        let session = ClusterSession(settings: settings, context: context)
        var otherHosts: Set<String> = []
        let result = try session.change(change, verb: "undo") { change in
            let host = try change.view.host(named: self.host, namespace: settings.namespace)
            let plan = try UndoPlan(host: host, target: toRevision, in: change.view)
            for state in plan.states { try Self.bring(state, into: change, revision: plan.revision) }
            otherHosts = Set(
                change.changes.flatMap { ($0.before?.routedHosts ?? []) + ($0.after?.routedHosts ?? []) }
            ).subtracting([host])
        }
        for other in otherHosts.sorted() {
            context.standardError.writeLine(
                "warning: this also changes \(TerminalText.escape(HostName.short(other)))"
            )
        }
        for item in result.changes {
            guard let before = item.before, let after = item.after else { continue }
            let moves = WeightMove.between(before, after)
            if !moves.isEmpty {
                context.standardError.writeLine(
                    "\(item.key.qualifiedName): \(TerminalText.escape(WeightMove.text(moves)))"
                )
            }
        }
        ChangeReport(options: change, context: context).print(result.changes)
        return try ProxyWait(options: change, session: session).wait(for: result)
    }

    private static func bring(_ state: UndoPlan.State, into change: ClusterChange, revision: Int64) throws {
        switch state {
        case .present(let resource): try change.put(resource)
        case .absent(let key): if try change.resource(key) != nil { try change.delete(key) }
        }
        change.summarize(state.key, "undo, back to revision \(revision)")
    }
}

/// The objects of a host's routing as they were at an earlier revision.
struct UndoPlan {
    enum State {
        case present(Resource)
        case absent(ResourceKey)

        var key: ResourceKey {
            switch self {
            case .present(let resource): resource.key
            case .absent(let key): key
            }
        }
    }

    /// The revision that comes back.
    let revision: Int64
    let states: [State]

    /// - Parameter target: the revision to return to; `nil` is the one before the host's last change.
    init(host: String, target: Int64?, in view: ClusterView) throws {
        let history = try view.reader?.history(host: host) ?? []
        guard let last = history.first, let reader = view.reader else { throw Self.nothing(host) }
        let revision = target ?? last.revision - 1
        guard (0...view.revision).contains(revision) else {
            throw CommandError(
                "cannot go back to revision \(revision): the store is at revision \(view.revision)",
                hint: "canaryctl history \(HostName.short(host)) lists the changes"
            )
        }
        let later = history.filter { $0.revision > revision }
        guard !later.isEmpty else { throw Self.nothing(host, since: revision) }
        self.revision = revision
        states = try Set(later.flatMap(\.objects)).sorted().map { key in
            switch try reader.object(key, asOf: revision) {
            case .present(let object): return .present(try ClusterView.resource(object))
            case .absent: return .absent(key)
            case .forgotten: throw Self.forgotten(key, revision)
            }
        }
    }

    private static func nothing(_ host: String, since revision: Int64? = nil) -> CommandError {
        let when = revision.map { " since revision \($0)" } ?? ""
        return CommandError(
            "nothing to undo: the routing of \(HostName.short(host)) was not changed\(when)",
            hint: "canaryctl describe shows the hosts"
        )
    }

    private static func forgotten(_ key: ResourceKey, _ revision: Int64) -> CommandError {
        CommandError(
            "cannot go back to revision \(revision): \(key.qualifiedName) is not kept that far back",
            hint: "the last \(StoreWriter.keptChanges) changes of an object are kept"
        )
    }
}
