// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryResources

/// Finds the command that a command line means, before it is parsed: the parser tells neither the name of an unknown
/// command nor which command an error belongs to.
enum CommandPath {
    /// The words of the command: `["canaryctl", "rollout", "start"]`.
    static func of(_ arguments: [String]) -> [String] {
        walk(arguments).names
    }

    /// The first example in the command's help.
    static func example(_ arguments: [String]) -> String? {
        walk(arguments).type.configuration.discussion.split(separator: "\n")
            .first { $0.hasPrefix("canaryctl ") }.map(String.init)
    }

    /// An error with a suggestion, when the first word that should name a command does not.
    static func unknownCommand(in arguments: [String]) -> CommandError? {
        let (names, type, rest) = walk(arguments)
        guard !type.configuration.subcommands.isEmpty, let word = rest.first, word != "help" else {
            return nil
        }
        let known = type.configuration.subcommands.map(name)
        let program = names.joined(separator: " ")
        let hint = Suggestion.closest(to: word, among: known).map { "did you mean \"\(program) \($0)\"?" }
        return .wrongUsage(
            "unknown command \"\(word)\" for \"\(program)\"",
            hint: ForeignWords.hint(command: word) ?? hint ?? "\(program) --help lists the commands"
        )
    }

    /// The command of a line that begins with its name, parsed without its parents: a good third of the time that a
    /// short command takes goes into parsing. `nil` where that does not work; the whole parser then says why not.
    static func parsed(_ arguments: [String]) -> (any Subcommand)? {
        guard let word = arguments.first,
            let type = CanaryCtl.configuration.subcommands.first(where: { isCalled($0, word) })
        else { return nil }
        return (try? type.parseAsRoot(Array(arguments.dropFirst()))) as? any Subcommand
    }

    /// The words with `-o` behind the command's name: kubectl takes it in front too, the parser only where it belongs.
    static func movingOutput(_ arguments: [String]) -> [String] {
        var (front, output, rest): ([String], [String], ArraySlice<String>) = ([], [], arguments[...])
        while let word = rest.first, word.hasPrefix("-"), word != "--" {
            let option = rest.prefix(takesValue.contains(word) ? 2 : 1)
            rest = rest.dropFirst(option.count)
            if outputNames.contains(word) || word.hasPrefix("--output=") {
                output += option
            } else {
                front += option
            }
        }
        guard !output.isEmpty, !rest.isEmpty else { return arguments }
        let words = front + rest
        let names = words.count - walk(words).rest.count
        return words.prefix(names) + output + words.dropFirst(names)
    }

    private static let outputNames: Set = ["-o", "--output"]
    private static let takesValue = outputNames.union(["--store", "--namespace", "-n", "--color"])

    private typealias Walk = (names: [String], type: any ParsableCommand.Type, rest: ArraySlice<String>)

    private static func walk(_ arguments: [String]) -> Walk {
        var result: Walk = (["canaryctl"], CanaryCtl.self, arguments[...])
        while !result.type.configuration.subcommands.isEmpty {
            result.rest = skippingOptions(result.rest)
            guard let word = result.rest.first,
                let next = result.type.configuration.subcommands.first(where: { isCalled($0, word) })
            else { break }
            result = (result.names + [name(next)], next, result.rest.dropFirst())
        }
        return result
    }

    /// Drops the global options, which may stand before the command; any other option ends the search.
    private static func skippingOptions(_ words: ArraySlice<String>) -> ArraySlice<String> {
        var rest = words
        while let word = rest.first, word.hasPrefix("-") {
            rest = rest.dropFirst(takesValue.contains(word) ? 2 : 1)
        }
        return rest
    }

    private static func isCalled(_ type: any ParsableCommand.Type, _ word: String) -> Bool {
        name(type) == word || type.configuration.aliases.contains(word)
    }

    private static func name(_ type: any ParsableCommand.Type) -> String {
        type.configuration.commandName ?? type._commandName
    }
}
