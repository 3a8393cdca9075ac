// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryNode
import CanaryResources
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
            ("Why a container ended", "canaryctl logs --previous helloworld-v1-6bcfd5b9c7-x2x4f")
        )
    )

    @Argument(help: ArgumentHelp("A pod's name, pod/NAME or deployment/NAME", valueName: "what"))
    var subject: String

    @Flag(
        name: .shortAndLong,
        help: "Go on with what is written, until the pods are gone or it is interrupted"
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
        let settings = try Settings(global, context)
        let session = ClusterSession(settings: settings, context: context)
        let logs = try logs(session)
        let showsNames = Set(logs.map(\.title)).count > 1
        let tails = logs.map { (title: $0.title, tail: LogTail($0.path)) }
        var isFirst = true
        while true {
            for (title, tail) in tails {
                var lines = tail.next()
                if isFirst, let count = self.tail { lines = lines.suffix(count) }
                for line in lines { print(line, showsNames ? title : nil, context) }
            }
            isFirst = false
            context.standardOutput.flush()
            guard follow, context.standardOutput.isOpen, try isThere(session) else { return .success }
            usleep(100_000)
        }
    }

    private func print(_ line: LogLine, _ title: String?, _ context: CommandContext) {
        let time = timestamps ? "\(line.time) " : ""
        let text = context.standardOutput.isTerminal ? TerminalText.message(line.text) : line.text
        context.standardOutput.writeLine("\(title.map { "\($0) | " } ?? "")\(time)\(text)")
    }

    /// Whether a pod is left that could write.
    private func isThere(_ session: ClusterSession) throws -> Bool { try !pods(session).isEmpty }

    private func pods(_ session: ClusterSession) throws -> [Resource] {
        let parts = subject.split(separator: "/", maxSplits: 1).map(String.init)
        let running = try session.runtime.livePods().filter { $0.namespace == session.settings.namespace }
        guard parts.count == 2 else { return running.filter { $0.name == subject } }
        switch ResourceKind(named: parts[0]) {
        case .pod: return running.filter { $0.name == parts[1] }
        case .deployment:
            let key = ResourceKey(.deployment, namespace: session.settings.namespace, name: parts[1])
            let selector = try session.read { try $0.resource(key)?.deployment?.selector }
            guard let selector else { return [] }
            return running.filter { selector.matches($0.metadata.labels) }
        default:
            throw CommandError.wrongUsage(
                "\"\(subject)\" is neither a pod nor a Deployment",
                hint: "canaryctl logs POD, or canaryctl logs deployment/NAME"
            )
        }
    }

    private func logs(_ session: ClusterSession) throws -> [(title: String, path: String)] {
        let pods = try pods(session)
        guard !pods.isEmpty else {
            throw CommandError(
                "no pod runs for \"\(subject)\" in namespace \(session.settings.namespace)",
                hint:
                    "canaryctl get pods lists those that run; canaryctl up runs those of the store's Deployments"
            )
        }
        let directory = session.location.path(of: "logs")
        let logs = pods.flatMap { pod in
            PodLogFiles.logs(of: pod, in: directory, back: previous ? 1 : 0)
                .filter { container == nil || $0.container == container }
                .map {
                    (
                        title: pod.body["spec"]?["containers"]?.items.count == 1
                            ? pod.name : "\(pod.name)/\($0.container)", path: $0.path
                    )
                }
        }
        guard !logs.isEmpty else {
            throw CommandError(
                previous
                    ? "no container of \"\(subject)\" ran before"
                    : "no container \(container.map { "\"\($0)\" " } ?? "")in \"\(subject)\"",
                hint: "canaryctl get pod -o yaml tells the containers and how often they were started"
            )
        }
        return logs
    }
}
