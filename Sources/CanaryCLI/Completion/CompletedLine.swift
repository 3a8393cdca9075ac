// SPDX-License-Identifier: Apache-2.0

/// A command line that is being written, as the shell hands it to completion: words with their quotes, and one of them
/// under the cursor.
struct CompletedLine {
    /// The arguments in front of the word, without the command's name.
    private(set) var arguments: [String] = []
    /// The values of options, wherever they stand: `["--namespace": "shop"]`. Later ones win.
    private(set) var options: [String: String] = [:]
    /// What was typed of the word so far.
    private(set) var word = ""

    /// Options without a value; all others take the next word.
    static let flags: Set<String> = [
        "-A", "--all", "--all-namespaces", "--detach", "--follow", "-h", "--help", "--ignore-not-found",
        "--ignore-unknown", "--init",
        "--no-headers", "--now", "-p", "--previous", "--prune", "-R", "--recursive", "--show-labels",
        "--store-context",
        "--strict", "--timestamps", "-v", "--verbose", "--version", "-w", "--watch",
    ]

    /// Whether an option has no value. As in kubectl, `-f` is a file everywhere but in `logs`.
    static func isFlag(_ name: String, of command: String?) -> Bool {
        flags.contains(name) || name == "-f" && command == "logs"
    }

    /// - Parameters:
    ///   - words: all of them, the program's name first.
    ///   - position: of the word that is completed.
    init(_ words: [String], position: Int, environment: [String: String]) {
        let (words, position) = Self.joiningAssignments(words, position)
        var option: String?
        var takesOptions = true
        var before: [String] = []
        for (index, raw) in words.enumerated().dropFirst() {
            let text = ShellWord.unquoted(raw, environment)
            if index == position { word = text }
            if let name = option {
                if index != position { options[name] = text }
                option = nil
            } else if takesOptions, text == "--", index != position {
                takesOptions = false
            } else if takesOptions, text.hasPrefix("-"), text != "-" {
                if index != position { option = take(text, of: before.first) }
            } else if index < position {
                before.append(text)
            }
        }
        arguments = Array(before.dropFirst())
    }

    /// The value of an option by one of its names.
    func option(_ names: String...) -> String? {
        names.compactMap { options[$0] }.last
    }

    /// Notes an option that carries its value; gives the name of one whose value comes next.
    private mutating func take(_ text: String, of command: String?) -> String? {
        if text.hasPrefix("--"), let equals = text.firstIndex(of: "=") {
            options[String(text[..<equals])] = String(text[text.index(after: equals)...])
            return nil
        }
        let parts = ShortOptions.expanding([text])
        guard let name = parts.last(where: { $0.hasPrefix("-") }), !Self.isFlag(name, of: command) else {
            return nil
        }
        guard parts.last == name else {
            options[name] = parts.last
            return nil
        }
        return name
    }

    /// Bash breaks words at `=`: `--store=/tmp` comes as three, which are one again here.
    private static func joiningAssignments(_ words: [String], _ position: Int) -> ([String], Int) {
        var joined: [String] = []
        var target = position
        var isOpen = false
        for (index, word) in words.enumerated() {
            if index > 1, word == "=" || isOpen {
                joined[joined.count - 1] += word
                isOpen = word == "="
            } else {
                joined.append(word)
            }
            if index == position { target = joined.count - 1 }
        }
        return (joined, target)
    }
}
