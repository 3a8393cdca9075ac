// SPDX-License-Identifier: Apache-2.0

/// A test that reads like a terminal session: files, commands, and what they print.
///
///     # What this shows: comments stand on top.
///     == reviews.yaml
///     kind: VirtualService
///     $ canaryctl apply -f reviews.yaml
///     virtualservice.networking.istio.io/reviews created
///     2> a line of standard error
///     ! 65
///
/// Lines after a command are its standard output, those with `2> ` its standard error, and `! N` its exit status where
/// that is not 0. A command that ends in `<<EOF` reads the lines up to `EOF` as its standard input; `NAME=value` before
/// the command sets a variable of its environment; with `COLUMNS=80` it writes to terminals of that width.
package struct Transcript: Sendable {
    package struct Command: Sendable {
        package var line: String
        package var input: String
        package var output = ""
        package var errors = ""
        package var status: Int32 = 0

        /// The words of the command line after the program's name; quotes group, as in a shell.
        package var arguments: [String] {
            Array(words.drop(while: Self.isAssignment).dropFirst())
        }

        /// What stands before the program's name: `NO_COLOR=1`.
        package var environment: [String: String] {
            let pairs = words.prefix(while: Self.isAssignment).map { word in
                let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                return (String(parts[0]), String(parts[1]))
            }
            return Dictionary(pairs) { _, last in last }
        }

        private var words: [String] {
            Self.split(line.hasSuffix(" <<EOF") ? String(line.dropLast(6)) : line)
        }

        private static func isAssignment(_ word: String) -> Bool {
            word.contains("=") && word.first?.isUppercase == true
        }
    }

    package enum Step: Sendable {
        case comment(String)
        case file(name: String, content: String)
        case command(Command)
    }

    package var steps: [Step] = []

    package init(_ text: String) {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)[...]
        if lines.last == "" { lines.removeLast() }
        while let line = lines.popFirst() {
            if line.hasPrefix("== ") {
                let content = Self.take(&lines) { !Self.startsStep($0) }
                steps.append(.file(name: String(line.dropFirst(3)), content: content))
            } else if line.hasPrefix("$ ") {
                steps.append(.command(Self.command(String(line.dropFirst(2)), &lines)))
            } else {
                steps.append(.comment(line))
            }
        }
    }

    /// The transcript as text again.
    package var text: String {
        steps.map { step in
            switch step {
            case .comment(let line): line + "\n"
            case .file(let name, let content): "== \(name)\n\(content)"
            case .command(let command): command.text
            }
        }.joined()
    }

    private static func startsStep(_ line: String) -> Bool {
        line.hasPrefix("$ ") || line.hasPrefix("== ")
    }

    private static func take(_ lines: inout ArraySlice<String>, while isWanted: (String) -> Bool) -> String {
        var text = ""
        while let line = lines.first, isWanted(line) {
            text += line + "\n"
            lines.removeFirst()
        }
        return text
    }

    private static func command(_ line: String, _ lines: inout ArraySlice<String>) -> Command {
        var command = Command(line: line, input: "")
        if line.hasSuffix(" <<EOF") {
            command.input = take(&lines) { $0 != "EOF" }
            _ = lines.popFirst()
        }
        while let next = lines.first, !startsStep(next) {
            lines.removeFirst()
            if next.hasPrefix("2> ") || next == "2>" {
                command.errors += next.dropFirst(3) + "\n"
            } else if next.hasPrefix("! "), let status = Int32(next.dropFirst(2)) {
                command.status = status
            } else {
                command.output += next + "\n"
            }
        }
        return command
    }
}

extension Transcript.Command {
    package var text: String {
        var text = "$ \(line)\n"
        if line.hasSuffix(" <<EOF") { text += input + "EOF\n" }
        text += output
        for line in errors.split(separator: "\n", omittingEmptySubsequences: false).dropLast(
            errors.hasSuffix("\n") ? 1 : 0
        )
        where !errors.isEmpty {
            text += line.isEmpty ? "2>\n" : "2> \(line)\n"
        }
        return status == 0 ? text : text + "! \(status)\n"
    }

    private static func split(_ text: String) -> [String] {
        var words: [String] = []
        var word: String?
        var quote: Character?
        for character in text {
            if let open = quote {
                if character == open { quote = nil } else { word = (word ?? "") + String(character) }
            } else if character == "'" || character == "\"" {
                quote = character
                word = word ?? ""
            } else if character == " " {
                if let finished = word { words.append(finished) }
                word = nil
            } else {
                word = (word ?? "") + String(character)
            }
        }
        if let finished = word { words.append(finished) }
        return words
    }
}
