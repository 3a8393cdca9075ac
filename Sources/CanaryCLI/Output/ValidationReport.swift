// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// Findings as `validate -o json` gives them.
enum ValidationReport {
    /// - Parameter failures: what kept files from being checked; they come first, as errors without a code, so that
    ///   nobody takes the report for a clean one.
    static func node(_ diagnostics: [Diagnostic], _ failures: [CommandError]) -> Node {
        .mapping([
            "apiVersion": .string("canaryctl.dev/v1alpha1"),
            "kind": .string("ValidationReport"),
            "diagnostics": .sequence(failures.map(node) + diagnostics.map(node)),
        ])
    }

    private static func node(_ failure: CommandError) -> Node {
        var node = Node.mapping([
            "severity": .string(Severity.error.rawValue),
            "message": .string(failure.message),
            "file": optional(failure.file),
            "path": .string(""),
            "hint": optional(failure.hint),
        ])
        for key in ["code", "istioCode", "line", "column", "resource"] {
            node.set(Node(.null), at: key)
        }
        return node
    }

    static func node(_ diagnostic: Diagnostic) -> Node {
        let position = diagnostic.position
        return .mapping([
            "code": .string(diagnostic.code.canary),
            "istioCode": optional(diagnostic.code.istio),
            "severity": .string(diagnostic.severity.rawValue),
            "message": .string(diagnostic.message),
            "file": optional(diagnostic.file),
            "line": position.isKnown ? .integer(Int64(position.line)) : Node(.null),
            "column": position.isKnown ? .integer(Int64(position.column)) : Node(.null),
            "path": .string(diagnostic.path.description),
            "resource": optional(diagnostic.resource?.description),
            "hint": optional(diagnostic.hint),
        ])
    }

    private static func optional(_ text: String?) -> Node {
        text.map { .string($0) } ?? Node(.null)
    }
}
