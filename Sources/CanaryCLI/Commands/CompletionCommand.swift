// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// Prints a shell's completion script.
struct CompletionCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "completion",
        abstract: "Print the completion script of a shell",
        discussion: Help.examples(
            ("Complete in this bash session", "source <(canaryctl completion bash)"),
            ("Install for zsh", "canaryctl completion zsh > /usr/local/share/zsh/site-functions/_canaryctl")
        )
    )

    enum Shell: String, ExpressibleByArgument, CaseIterable {
        case bash, zsh, fish
    }

    @Argument(help: "bash, zsh or fish")
    var shell: Shell

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(in context: CommandContext) -> ExitStatus {
        let kind: CompletionShell =
            switch shell {
            case .bash: .bash
            case .zsh: .zsh
            case .fish: .fish
            }
        context.standardOutput.writeLine(CompletionScript.text(for: kind))
        return .success
    }
}
