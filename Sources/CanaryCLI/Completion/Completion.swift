// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Synchronization

/// Completes words with what the store holds. Shells ask for it with a word of the parser's that begins a command line.
enum Completion {
    /// What a word stands for, and so where its completions come from.
    enum Subject: Sendable {
        case host
        /// A host, or a kind and a name.
        case hostOrObject
        case service
        /// A kind and names; `all` where everything can be meant.
        case objects(all: Bool)
        /// A host, or `deployment/NAME`.
        case hostOrDeployment
        /// `deployment/NAME`, or names behind the kind.
        case deployments
        case namespace
        case gateway
        /// A version of the host before.
        case version
        case route
        /// A revision of the host before.
        case revision
        case helpTopic
        /// An endpoint of the Service before, as it was registered.
        case endpoint
        /// A method, or the URL of a host.
        case request
    }

    /// Where the shell is; the parser's closures take no context.
    @TaskLocal private static var surroundings = Surroundings()

    /// What was found. The parser would hand it back in the form of the shell that the process last made a script for.
    @TaskLocal private static var answer = Answer()

    private final class Answer: Sendable {
        let words = Mutex<[String]>([])
    }

    static func isAsked(by arguments: [String]) -> Bool { arguments.first == "---completion" }

    /// Prints what completes a word, a line each. Says nothing where it can't: it would stand between the words that
    /// somebody is typing.
    static func answer(_ arguments: [String], in context: CommandContext) {
        let answer = Answer()
        let isAnswered = $surroundings.withValue(Surroundings(context)) {
            $answer.withValue(answer) {
                do {
                    _ = try CanaryCtl.parseAsRoot(arguments)
                    return false
                } catch {
                    return CanaryCtl.exitCode(for: error) == .success
                }
            }
        }
        guard isAnswered else { return }
        // zsh's script takes the last line away, which lets it tell an empty word from none.
        let end = isForZsh(context.environment) ? [" "] : []
        context.standardOutput.writeLine((answer.words.withLock(\.self) + end).joined(separator: "\n"))
    }

    fileprivate static func words(_ subject: Subject, _ words: [String], _ position: Int) -> [String] {
        let found = found(subject, words, position)
        answer.words.withLock { $0 = found }
        return found
    }

    /// The parser's scripts say which shell asks.
    private static func isForZsh(_ environment: [String: String]) -> Bool {
        environment["SAP_SHELL"] == "zsh"
    }

    private static func found(_ subject: Subject, _ words: [String], _ position: Int) -> [String] {
        let line = CompletedLine(words, position: position, environment: surroundings.environment)
        let candidates = CompletionCandidates(line: line, surroundings: surroundings)
        let found = (try? candidates.all(of: subject)) ?? []
        // zsh takes what stands behind a colon for a description.
        let isZsh = isForZsh(surroundings.environment)
        return found.filter { ShellWord.isPlain($0.replacing(":", with: "")) }
            .map { isZsh ? $0.replacing(":", with: "\\:") : $0 }
    }
}

extension CompletionKind {
    static func stored(_ subject: Completion.Subject) -> CompletionKind {
        .custom { words, position, _ in Completion.words(subject, words, position) }
    }
}
