// SPDX-License-Identifier: Apache-2.0

import CanaryMesh

/// Whether RE2, the engine of Istio and Envoy, takes a pattern.
enum RegexSyntax {
    /// Istio's limit for patterns, in bytes.
    static let longest = 1024

    /// The reason why a pattern is refused; `nil` if it is good.
    static func problem(_ pattern: String) -> String? {
        if pattern.isEmpty { return "the pattern is empty" }
        if pattern.utf8.count > longest { return "the pattern is longer than \(longest) bytes" }
        do {
            _ = try RegularExpression(pattern)
            return nil
        } catch {
            return error.reason
        }
    }
}

/// What is wrong with patterns, each looked at once: manifests of one origin repeat theirs, and compiling one takes longer than checking the
/// rest of its object.
package final class PatternProblems {
    private var problems: [String: String?] = [:]

    /// So many long patterns fit into some megabytes.
    private static let most = 4096

    package init() {}

    /// As ``RegexSyntax/problem(_:)``.
    func problem(_ pattern: String) -> String? {
        if let known = problems[pattern] { return known }
        let problem = RegexSyntax.problem(pattern)
        if problems.count >= Self.most { problems.removeAll() }
        problems[pattern] = .some(problem)
        return problem
    }
}
