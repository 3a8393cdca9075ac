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
        return lines.joined(separator: "\n").replacing("(__canaryctl_tokens -tC)", with: "0")
    }
}
