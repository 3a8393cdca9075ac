// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryNode
import CanaryStore
import Glibc

/// Prints what pods wrote.
struct LogsCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "logs",
        abstract: "Show what a pod, or the pods of a Deployment, wrote",
        discussion: Help.examples(
            ("All that is kept of a pod", "canaryctl logs helloworld-v1-6bcfd5b9c7-x2x4f"),
            ("The pods of a Deployment, as they write", "canaryctl logs -f deployment/helloworld-v1"),
            ("All of an application", "canaryctl logs -f -l app=helloworld"),
            ("Why a container ended", "canaryctl logs --previous helloworld-v1-6bcfd5b9c7-x2x4f")
        )
    )

    @Argument(help: ArgumentHelp("A pod's name, pod/NAME or deployment/NAME", valueName: "what"))
    var subject: String?

    @Option(name: .selector, help: ArgumentHelp("The pods with these labels", valueName: "selector"))
    var selector: String?

    @Flag(
        name: .shortAndLong,
        help: "Go on with what is written: also when containers begin again, and by pods that come"
    )
    var follow = false

    @Flag(name: [.customShort("p"), .long], help: "The container's run before the present one")
    var previous = false

    @Option(name: [.customShort("c"), .long], help: ArgumentHelp("Only this container", valueName: "name"))
    var container: String?

    @Option(help: ArgumentHelp("Only the last lines", valueName: "n"))
    var tail: Int?

    @Flag(help: "When each line was written")
    var timestamps = false

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func validate() throws {
        guard subject != nil || selector != nil else {
            throw ValidationError(
                "whose logs is missing\nfor example: canaryctl logs deployment/helloworld-v1"
            )
        }
        guard subject == nil || selector == nil else {
            throw ValidationError(
                "--selector says which pods are meant, and \"\(subject ?? "")\" does too\nleave one of them out"
            )
        }
        guard tail.map({ $0 >= 0 }) ?? true else {
            throw ValidationError("--tail must not be negative\nfor example: --tail 100")
        }
        guard !(follow && previous) else {
            throw ValidationError(
                "--follow and --previous exclude each other\na run that is over writes nothing more"
            )
        }
    }

    func run(in context: CommandContext) throws -> ExitStatus {
        let session = ClusterSession(settings: try Settings(global, context), context: context)
        let subject =
            try self.subject.map { try LogSubject($0, session) }
            ?? LogSubject(selector: selector ?? "", session)
        var logs = FollowedLogs(session.location.path(of: "logs"), container: container)
        let pods = try subject.pods()
        logs.look(at: pods, back: previous ? 1 : 0)
        if try logs.isEmpty && !(follow && pods.isEmpty && subject.awaitsPods()) {
            throw nothing(isThere: !pods.isEmpty, session.settings)
        }
        var hasSeveral = logs.hasSeveral
        logs.next { title, lines in
            print(tail.map { lines.suffix($0) } ?? lines[...], hasSeveral ? title : nil, context)
        }
        var isOver = !follow
        while !isOver, context.standardOutput.isOpen {
            context.standardOutput.flush()
            usleep(Self.pauseMicroseconds)
            let pods = try subject.pods()
            isOver = try pods.isEmpty && !subject.awaitsPods()
            // What a pod wrote last is read after it is known to be gone.
            logs.look(at: pods)
            hasSeveral = logs.hasSeveral
            logs.next { title, lines in print(lines[...], hasSeveral ? title : nil, context) }
        }
        return .success
    }

    private static let pauseMicroseconds: UInt32 = 100_000

    private func print(_ lines: ArraySlice<LogLine>, _ title: String?, _ context: CommandContext) {
        for line in lines {
            let time = timestamps ? "\(line.time) " : ""
            let text = context.standardOutput.isTerminal ? TerminalText.message(line.text) : line.text
            context.standardOutput.writeLine("\(title.map { "\($0) | " } ?? "")\(time)\(text)")
        }
    }

    /// - Parameter isThere: whether the pods are, and only no such container.
    private func nothing(isThere: Bool, _ settings: Settings) -> CommandError {
        let subject = self.subject ?? selector ?? ""
        guard isThere else {
            return CommandError(
                "no pod runs for \"\(subject)\" in namespace \(settings.namespace)",
                hint:
                    "canaryctl get pods lists those that run; canaryctl up runs those of the store's Deployments"
            )
        }
        return CommandError(
            previous
                ? "no container of \"\(subject)\" ran before"
                : "no container \(container.map { "\"\($0)\" " } ?? "")in \"\(subject)\"",
            hint: "canaryctl get pod -o yaml tells the containers and how often they were started"
        )
    }
}
