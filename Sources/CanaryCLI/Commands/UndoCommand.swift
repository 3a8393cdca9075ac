// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryInsight
import CanaryResources

/// Takes back the last change of a host's routing.
struct UndoCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "undo",
        abstract: "Take back the last change of a host's routing",
        discussion: """
            The host's VirtualServices, their delegates, its DestinationRules and its Rollouts become what they were before their last \
            change; a second undo returns. What that change created is removed, but not the host's only VirtualService: \
            that takes --to-revision.

            \(Help.examples(
                ("Take back the last set-weight", "canaryctl undo helloworld"),
                ("Go back to what revision 4 was", "canaryctl undo helloworld --to-revision 4")
            ))
            """
    )

    @Argument(help: "The host", completion: .stored(.host))
    var host: String

    @Option(
        help: ArgumentHelp(
            "The revision whose routing comes back; 0 is the one before the last change",
            valueName: "n"
        ),
        completion: .stored(.revision)
    )
    var toRevision: Int64?

    @OptionGroup(title: "Change") var change: ChangeOptions
    @OptionGroup(title: "Output") var output: ChangeOutputOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func validate() throws {
        if let toRevision, toRevision < 0 {
            throw ValidationError(
                "\"\(toRevision)\" is negative, and no revision is\ncanaryctl history HOST lists the revisions"
            )
        }
    }

    func run(in context: CommandContext) throws -> ExitStatus {
        let settings = try Settings(global, context)
        let session = ClusterSession(settings: settings, context: context)
        var undone: (host: String, plan: UndoPlan, warnings: [String])?
        let result = try session.change(change, verb: "undo") { change in
            let host = try change.view.host(named: self.host, namespace: settings.namespace)
            // A revision that is named says what is wanted, and brings a damaged object back too.
            if toRevision ?? 0 == 0 { try change.view.requireReadableRouting(of: host) }
            let plan = try UndoPlan(host: host, target: toRevision, in: change.view, settings)
            try plan.bringBack(in: change)
            let warnings =
                try Self.others(host, in: change)
                + UnservedShares.warnings(
                    of: change,
                    client: settings.namespace,
                    failing: session.failingAddresses
                )
            undone = (host, plan, warnings)
        }
        guard let undone else { return .success }
        context.warn(undone.warnings)
        ChangeReport(options: change, output: output.output, context: context).print(result)
        let host = TerminalText.escape(HostName.short(undone.host))
        // Machine forms have the objects alone on standard output.
        let stream = output.output == nil ? context.standardOutput : context.standardError
        Self.printMoves(result.changes, stream)
        stream.writeLine("\(host) is back to \(undone.plan.origin)\(change.suffix)")
        return try ProxyWait(options: change, session: session).wait(for: result)
    }

    /// The hosts that share the changed objects.
    private static func others(_ host: String, in change: ClusterChange) throws -> [String] {
        let changed = change.changes.filter { $0.outcome != .unchanged }
        let hosts = try changed.reduce(into: Set<String>()) { $0.formUnion(try change.hosts(of: $1)) }
        return hosts.subtracting([host]).sorted().map { "this also changes \(HostName.short($0))" }
    }

    private static func printMoves(_ changes: [ObjectChange], _ stream: OutputStream) {
        for item in changes {
            guard let before = item.before, let after = item.after else { continue }
            let moves = WeightMove.between(before, after)
            guard !moves.isEmpty else { continue }
            let text = TerminalText.escape(WeightMove.text(moves))
            stream.writeLine("\(item.key.qualifiedName): \(text)")
        }
    }
}
