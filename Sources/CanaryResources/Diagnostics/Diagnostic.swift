// SPDX-License-Identifier: Apache-2.0

/// How much a finding matters. Only an error about one object blocks a change.
package enum Severity: String, Sendable, Comparable, CaseIterable {
    case error, warning, info

    /// Errors come first.
    package static func < (left: Severity, right: Severity) -> Bool {
        left.rank < right.rank
    }

    private var rank: Int {
        switch self {
        case .error: 0
        case .warning: 1
        case .info: 2
        }
    }
}

/// The name of a rule: ours (`CAN0231`), and what istioctl prints for the same finding, where it finds it at all.
package struct RuleCode: Hashable, Sendable {
    package var canary: String
    package var istio: String?

    package init(_ canary: String, istio: String? = nil) {
        self.canary = canary
        self.istio = istio
    }
}

/// One finding about a manifest or an object: what is wrong, where, and what to do.
package struct Diagnostic: Sendable {
    /// Shared by all copies: findings are collected, sorted and compared by the ten thousand.
    private final class Content: Hashable, Sendable {
        let code: RuleCode
        let message: String
        let hint: String?
        let file: String?
        let position: Position
        let path: FieldPath
        let resource: ResourceKey?

        init(
            _ code: RuleCode,
            _ message: String,
            _ hint: String?,
            _ file: String?,
            _ position: Position,
            _ path: FieldPath,
            _ resource: ResourceKey?
        ) {
            self.code = code
            self.message = message
            self.hint = hint
            self.file = file
            self.position = position
            self.path = path
            self.resource = resource
        }

        static func == (left: Content, right: Content) -> Bool {
            left === right
                || left.position == right.position && left.code == right.code && left.message == right.message
                    && left.hint == right.hint && left.file == right.file && left.path == right.path
                    && left.resource == right.resource
        }

        /// What differs between nearly all findings that differ.
        func hash(into hasher: inout Hasher) {
            hasher.combine(position)
            hasher.combine(code.canary)
            hasher.combine(message)
        }
    }

    private let content: Content
    package var severity: Severity

    package init(
        _ code: RuleCode,
        _ severity: Severity,
        _ message: String,
        hint: String? = nil,
        file: String? = nil,
        position: Position = .unknown,
        path: FieldPath = .root,
        resource: ResourceKey? = nil
    ) {
        content = Content(code, message, hint, file, position, path, resource)
        self.severity = severity
    }

    package var code: RuleCode { content.code }
    /// What is wrong and why: lower case, no final stop, the user's own words in double quotes.
    package var message: String { content.message }
    /// An action that works, one line.
    package var hint: String? { content.hint }
    /// The file's name as the user gave it, `<stdin>` for standard input; `nil` for objects of the store.
    package var file: String? { content.file }
    package var position: Position { content.position }
    package var path: FieldPath { content.path }
    package var resource: ResourceKey? { content.resource }
}

extension Diagnostic: Hashable {}

extension [Diagnostic] {
    package var hasErrors: Bool { contains { $0.severity == .error } }

    /// By file, line, column and code: the order in which they are printed.
    package func sortedForPrinting() -> [Diagnostic] {
        sorted {
            ($0.file ?? "", $0.position, $0.code.canary, $0.message)
                < ($1.file ?? "", $1.position, $1.code.canary, $1.message)
        }
    }
}
