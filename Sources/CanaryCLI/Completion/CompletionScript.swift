// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// A shell's completion script as the parser writes it, without the second `help` that it adds behind ours and that
/// would complete nothing in its place. fish is not asked where in the word the cursor is: nothing here looks at that, and
/// before its version 4 it refuses to tell outside of a terminal.
enum CompletionScript {
    private static let title = "Show subcommand help information."

    static func text(for shell: CompletionShell) -> String {
        var lines = CanaryCtl.completionScript(for: shell).split(
            separator: "\n",
            omittingEmptySubsequences: false
        )
        lines.removeAll { $0.contains(title) }
        let start = "_canaryctl_help() {"
        if let second = lines.lastIndex(where: { $0 == start }),
            lines.firstIndex(where: { $0 == start }) != second,
            let end = lines[second...].firstIndex(of: "}")
        {
            lines.removeSubrange(second...end)
        }
        if shell == .zsh { lines = lines.map(takingAssignedValue) }
        return lines.joined(separator: "\n").replacing("(__canaryctl_tokens -tC)", with: "0")
            .replacing(bashWords, with: bashWordsOfAssignments)
    }

    // MARK: - Values behind "="

    /// zsh wants to be told that the value of a long option may stand behind "=": `'--route[…]:…` and `{-n,--namespace}'[…]:…`.
    private static func takingAssignedValue(_ line: Substring) -> Substring {
        guard line.contains("]:") else { return line }
        var text = String(line)
        for end in ["[", "}'["] {
            guard let bracket = text.firstRange(of: end) else { continue }
            let name = text[..<bracket.lowerBound].reversed().prefix { $0 == "-" || $0.isLetter }
            if name.count > 3, name.reversed().starts(with: "--") {
                text.insert("=", at: bracket.lowerBound)
                break
            }
        }
        return text[...]
    }

    private static let bashWords = """
            local -r cur="${2}"
            local -r prev="${3}"

            local -i positional_number
            local -a unparsed_words=("${COMP_WORDS[@]:1:${COMP_CWORD}}")
        """

    /// bash breaks words at "=": the option is the word before it, and the value one of its own.
    private static let bashWordsOfAssignments = """
            local -r cur="${2}"
            local prev="${3}"
            if [[ "${prev}" = '=' && "${COMP_CWORD}" -ge 2 && "${COMP_WORDS[COMP_CWORD - 2]}" = --* ]]; then
                prev="${COMP_WORDS[COMP_CWORD - 2]}"
            fi

            local -i positional_number
            local -a unparsed_words=()
            local -i word_position
            for ((word_position = 1; word_position <= COMP_CWORD; word_position++)); do
                if [[ "${COMP_WORDS[word_position]}" = '=' && "${COMP_WORDS[word_position - 1]}" = --* ]]; then
                    [[ "${word_position}" -eq "${COMP_CWORD}" ]] && unparsed_words+=('')
                else
                    unparsed_words+=("${COMP_WORDS[word_position]}")
                fi
            done
        """
}
