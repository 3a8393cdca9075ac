// SPDX-License-Identifier: Apache-2.0

import CanaryModel

/// Findings as `validate -o json` gives them.
enum ValidationReport {
    static func node(_ diagnostics: [Diagnostic]) -> Node {
        .mapping([
            "apiVersion": .string("canaryctl.dev/v1alpha1"),
            "kind": .string("ValidationReport"),
            "diagnostics": .sequence(diagnostics.map(node)),
        ])
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
