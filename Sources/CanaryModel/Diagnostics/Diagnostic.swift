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
package struct Diagnostic: Hashable, Sendable {
    package var code: RuleCode
    package var severity: Severity
    /// What is wrong and why: lower case, no final stop, the user's own words in double quotes.
    package var message: String
    /// An action that works, one line.
    package var hint: String?
    /// The file's name as the user gave it, `<stdin>` for standard input; `nil` for objects of the store.
    package var file: String?
    package var position: Position
    package var path: FieldPath
    package var resource: ResourceKey?

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
        self.code = code
        self.severity = severity
        self.message = message
        self.hint = hint
        self.file = file
        self.position = position
        self.path = path
        self.resource = resource
    }
}

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
