// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryCLI

/// The scripts in the shells that they are for, with the built program behind them.
@Suite struct ShellCompletionTests {
    /// Lines to complete, each with words that have to be among the offers.
    static let lines: [(line: String, offers: [String])] = [
        ("canaryctl des", ["describe"]),
        ("canaryctl get virtuals", ["virtualservices"]),
        ("canaryctl get deploy ", ["helloworld-v1", "helloworld-v2"]),
        ("canaryctl describe hel", ["helloworld"]),
        ("canaryctl set-weight helloworld ", ["v1", "v2"]),
        ("canaryctl set-weight helloworld v2 10 --route ", ["0"]),
        ("canaryctl get svc -n ", ["default"]),
        ("canaryctl help ru", ["rule"]),
        ("canaryctl help rule IST01", ["IST0101"]),
    ]

    private let scratch: ScratchDirectory

    init() throws {
        scratch = try ScratchDirectory()
        try Scene.succeed("create", "-f", "\(Scene.root)/examples/helloworld", in: scratch)
        #expect(symlink(Program.path, scratch.path("canaryctl")) == 0)
    }

    static func isInstalled(_ shell: String) -> Bool { access("/usr/bin/\(shell)", X_OK) == 0 }

    /// What a shell offers for a line, by a script of its own that completes `$1`.
    private func offers(_ shell: String, _ script: String, _ line: String) throws -> [String] {
        try scratch.write(script, to: "complete.\(shell)")
        let ended = try Program(
            [scratch.path("complete.\(shell)"), line],
            in: scratch,
            executable: "/usr/bin/\(shell)"
        ).end()
        #expect(ended.errors.isEmpty)
        return ended.output.split { $0.isNewline }.map { String($0.prefix { $0 != "\t" }) }
    }

    private func check(_ shell: String, _ script: String) throws {
        for (line, expected) in Self.lines {
            let found = try offers(shell, script, line)
            #expect(Set(found).isSuperset(of: expected), "\(shell): \(line): \(found)")
        }
    }

    @Test(.enabled("bash is not installed") { isInstalled("bash") }) func `bash`() throws {
        try check(
            "bash",
            """
            PATH=$HOME:$PATH
            source <(canaryctl completion bash)
            COMP_LINE=$1 COMP_POINT=${#1}
            read -ra COMP_WORDS <<< "$1"
            [[ $1 == *' ' ]] && COMP_WORDS+=('')
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            _canaryctl canaryctl "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
            printf '%s\\n' "${COMPREPLY[@]}"
            """
        )
    }

    @Test(.enabled("fish is not installed") { isInstalled("fish") }) func `fish`() throws {
        try check(
            "fish",
            """
            set -x PATH $HOME $PATH
            canaryctl completion fish | source
            complete -C $argv[1]
            """
        )
    }

    /// zsh completes only where somebody types: in a terminal, here a pseudo one.
    @Test(.enabled("zsh is not installed") { isInstalled("zsh") }) func `zsh`() throws {
        try check(
            "zsh",
            """
            export PATH=$HOME:$PATH
            zmodload zsh/zpty zsh/zselect
            rm -f $HOME/done
            cat > $HOME/setup.zsh <<'END'
            autoload -Uz compinit && compinit -u -D
            eval "$(canaryctl completion zsh)"
            compdef _canaryctl canaryctl
            bindkey '^I' complete-word
            zstyle ':completion:*' list-grouped false
            compadd() {
                local -a offered
                builtin compadd -O offered "$@"
                print -rl -- $offered >> $HOME/offers
                builtin compadd "$@"
            }
            report() { zle complete-word; : > $HOME/done }
            zle -N report
            bindkey '^X' report
            PROMPT=READY
            END
            zpty shell zsh -f -i
            zpty -w shell "source $HOME/setup.zsh"
            zpty -r -m shell ready '*READY*'
            : > $HOME/offers
            zpty -n -w shell "$1"$'\\x18'
            while [[ ! -e $HOME/done ]]; do zpty -r -t shell seen; zselect -t 1; done
            zpty -d shell
            cat $HOME/offers
            """
        )
    }
}
