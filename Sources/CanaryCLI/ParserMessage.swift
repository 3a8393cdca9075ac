// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryResources

/// The argument parser's messages in this program's words. The parser gives only text; a message of a form that is not
/// known here stays as it is.
struct ParserMessage {
    private let text: String
    /// The words that the parser read.
    private let arguments: [String]

    init(_ text: String, of arguments: [String]) {
        self.text = text
        self.arguments = arguments
    }

    /// - Parameter command: the words of the command: `canaryctl get`.
    func error(of command: String) -> CommandError {
        let usage = "\(command) --help shows how it is used"
        let quoted = text.split(separator: "'", omittingEmptySubsequences: false).enumerated()
            .filter { !$0.offset.isMultiple(of: 2) }.map { String($0.element) }
        guard let first = quoted.first else { return own(usage) }
        if text.hasPrefix("The value '"), quoted.count > 1 {
            if quoted[1].hasSuffix("<time>"), UInt(first) != nil {
                return .wrongUsage(
                    "\"\(first)\" is no time for \(Self.name(quoted[1])): it has no unit",
                    hint: "did you mean \(first)s?"
                )
            }
            var choices = quoted.dropFirst(2).map { String($0) }
            if choices.isEmpty, ["-o", "--output"].contains(Self.name(quoted[1])) {
                choices = OutputFormat.allValueStrings
            }
            choices = choices.map { Self.placeholder[$0] ?? $0 }
            return .wrongUsage(
                "\"\(first)\" is no value for \(Self.name(quoted[1]))",
                hint: choices.isEmpty
                    ? ValueForm(quoted[1]).map { "it takes \($0.text)" } ?? usage
                    : "it takes \(Self.list(choices))"
            )
        }
        if text.hasPrefix("Unknown option '"), Double(first) != nil {
            return Self.negative(first, hint: usage)
        }
        if text.hasPrefix("Unknown option '") {
            return .wrongUsage(
                "unknown option \"\(first)\"",
                hint: ForeignWords.hint(option: first, of: command)
                    ?? quoted.dropFirst().first.flatMap { Suggestion.closest(to: first, among: [$0]) }
                    .map { "did you mean \"\($0)\"?" } ?? usage
            )
        }
        if text.hasPrefix("Missing value for '") {
            // The parser takes what begins with "-" for an option.
            if let number = word(after: Self.name(first)), Double(number) != nil {
                return Self.negative(number, hint: usage)
            }
            return .wrongUsage("\(Self.name(first)) needs a value", hint: choices(behind: first) ?? usage)
        }
        if text.hasPrefix("Missing expected argument '") {
            return .wrongUsage(
                "missing argument: \(first)",
                hint: choices(behind: nil) ?? CommandPath.example(arguments).map { "for example: \($0)" }
                    ?? usage
            )
        }
        if text.hasPrefix("Unexpected argument '") {
            let takesFiles = ["create", "apply", "replace", "diff", "validate"].contains {
                command.hasSuffix(" \($0)")
            }
            return .wrongUsage(
                "unexpected argument \"\(first)\"",
                hint: takesFiles ? "files are given with -f: \(command) -f \(first)" : usage
            )
        }
        return own(usage)
    }

    /// A message of this program's own, with its hint on a line below.
    private func own(_ usage: String) -> CommandError {
        let lines = lowercased.split(separator: "\n", maxSplits: 1)
        return .wrongUsage(String(lines.first ?? ""), hint: lines.count == 2 ? String(lines[1]) : usage)
    }

    /// What could stand behind an option, or at the end: what the parser says where something else stands there.
    private func choices(behind option: String?) -> String? {
        let name = option.map(Self.name)
        if let option, let name, let form = ValueForm(option) { return "\(name) takes \(form.text)" }
        let place = name.flatMap { arguments.lastIndex(of: $0) } ?? arguments.indices.last
        guard let place, name == nil || arguments[place] == name else { return nil }
        var words = arguments
        words.insert("?", at: place + 1)
        do {
            _ = try CanaryCtl.parseAsRoot(words)
            return nil
        } catch {
            let message = CanaryCtl.message(for: error)
            guard message.hasPrefix("The value '?'") else { return nil }
            let hint = ParserMessage(message, of: words).error(of: "").hint
            return hint.flatMap { $0.hasPrefix("it takes ") ? $0 : nil }
        }
    }

    private func word(after option: String) -> String? {
        arguments.firstIndex(of: option).map { arguments.index(after: $0) }
            .flatMap { arguments.indices.contains($0) ? arguments[$0] : nil }
    }

    private static func negative(_ number: String, hint: String) -> CommandError {
        .wrongUsage("\"\(number)\" is negative, and no number here may be", hint: hint)
    }

    private static let placeholder = [
        "jsonpath=": "jsonpath=TEMPLATE", "custom-columns=": "custom-columns=TITLE:PATH,...",
    ]

    private var lowercased: String {
        let sentence = text.hasSuffix(".") ? text.dropLast() : text[...]
        return sentence.prefix(1).lowercased() + sentence.dropFirst().replacing("'", with: "\"")
    }

    /// `--color` of `--color <when>`.
    private static func name(_ usage: String) -> String {
        usage.split(separator: " ").first.map(String.init) ?? usage
    }

    private static func list(_ words: [String]) -> String {
        guard let last = words.last, words.count > 1 else { return words.first ?? "" }
        return "\(words.dropLast().joined(separator: ", ")) or \(last)"
    }
}
