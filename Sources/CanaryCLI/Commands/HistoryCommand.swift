// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryResources
import CanaryStore

/// Lists the changes of a host's routing.
struct HistoryCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "List who changed a host's routing, when and why",
        discussion: Help.examples(("The last ten changes", "canaryctl history helloworld --limit 10"))
    )

    @Argument(help: "The host", completion: .stored(.host))
    var host: String

    @Option(help: ArgumentHelp("How many changes to show, the newest first", valueName: "n"))
    var limit = 100

    @OptionGroup(title: "Output") var output: ReportOutputOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func validate() throws {
        guard limit > 0 else {
            throw ValidationError("--limit must be above 0\nleave it out for all changes")
        }
    }

    func run(in context: CommandContext) throws -> ExitStatus {
        let settings = try Settings(global, context)
        let session = ClusterSession(settings: settings, context: context)
        let (host, changes, hint) = try session.read { view in
            let host = try view.host(named: self.host, namespace: settings.namespace)
            let changes = try view.history(of: host, limit: limit)
            if changes.isEmpty, try view.closure(of: [host]).isEmpty {
                throw try view.unknownHost(host, settings)
            }
            return (host, changes, changes.isEmpty ? try view.wildcardHint(host, verb: "history") : nil)
        }
        guard output.output == .text else {
            let list = ObjectText.list(changes.map(Self.node))
            context.standardOutput.write(ObjectText.text(list, as: output.output))
            return .success
        }
        guard !changes.isEmpty else {
            context.standardError.writeLine(
                "No changes of \(TerminalText.escape(HostName.short(host))) found."
            )
            if let hint { context.standardError.writeLine("hint: \(TerminalText.message(hint))") }
            return .success
        }
        var table = Table(titles: ["REVISION", "WHEN", "WHO", "CHANGE", "REASON"])
        for change in changes {
            let when = TimeText.ago(change.at, now: context.now())
            table.add([String(change.revision), when, change.actor, change.summary, change.reason ?? ""])
        }
        context.standardOutput.write(table.text)
        return .success
    }

    private static func node(_ change: HostChange) -> Node {
        .mapping([
            "apiVersion": .string("canaryctl.dev/v1alpha1"),
            "kind": .string("HostChange"),
            "host": .string(change.host),
            "revision": .integer(change.revision),
            "time": .string(CalendarTime(milliseconds: change.at).text),
            "actor": .string(change.actor),
            "summary": .string(change.summary),
            "reason": change.reason.map { .string($0) } ?? Node(.null),
            "objects": .sequence(change.objects.map { .string($0.description) }),
        ])
    }
}
