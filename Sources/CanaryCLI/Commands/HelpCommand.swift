// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryResources

/// Explains a command or a topic.
struct HelpCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "help",
        abstract: "Explain a command or a topic",
        discussion: Help.examples(
            ("Explain a command", "canaryctl help set-weight"),
            ("Explain what a finding means, by our code or Istio's", "canaryctl help rule IST0101")
        ) + "\nThe topics are: \(HelpTopic.names); \"rule\" alone lists all rules."
    )

    @Argument(
        help: ArgumentHelp("A command, a topic, or rule and the code of a finding", valueName: "topic"),
        completion: .stored(.helpTopic)
    )
    var words: [String] = []

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(in context: CommandContext) throws -> ExitStatus {
        let columns = context.standardOutput.helpColumns
        if words.count == 1, let topic = HelpTopic(rawValue: words[0]) {
            context.standardOutput.write(topic.text(columns: columns))
        } else if words.first == HelpTopic.rule.rawValue {
            let style = Style(try Settings(global, context).color, for: context.standardOutput, in: context)
            let pages = try RulePage.pages(words.dropFirst()).map { $0.text(columns: columns, style) }
            context.standardOutput.write(pages.joined(separator: "\n"))
        } else {
            let command = try Self.command(words)
            context.standardOutput.writeLine(CanaryCtl.helpMessage(for: command, columns: columns))
        }
        return .success
    }

    private static func command(_ words: [String]) throws -> any ParsableCommand.Type {
        var found: any ParsableCommand.Type = CanaryCtl.self
        for word in words {
            let commands = found.configuration.subcommands
            let names = commands.map { $0.configuration.commandName ?? "" }
            guard let index = names.firstIndex(of: word) else {
                throw unknown(
                    words.joined(separator: " "),
                    word,
                    known: names + HelpTopic.allCases.map(\.rawValue)
                )
            }
            found = commands[index]
        }
        return found
    }

    private static func unknown(_ topic: String, _ word: String, known: [String]) -> CommandError {
        let suggestion = Suggestion.closest(to: word, among: known)
        return .wrongUsage(
            "no command or topic \"\(topic)\"",
            hint: suggestion.map { "did you mean \"\($0)\"?" }
                ?? "canaryctl help lists the commands; topics: \(HelpTopic.names)"
        )
    }
}
