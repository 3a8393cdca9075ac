// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// How many findings of one object are told: nobody reads more, and a hostile manifest could have millions. Errors have a quota of
/// their own, so that nothing else can hide what blocks a change.
struct FindingQuota {
    static let most = 200

    private var errors = 0
    private var others = 0

    /// Whether one more is told.
    mutating func take(_ severity: Severity) -> Bool {
        if severity == .error { errors += 1 } else { others += 1 }
        return (severity == .error ? errors : others) <= Self.most
    }

    /// What is said of those that are not told; `nil` where there are none.
    func notice(about resource: Resource) -> Diagnostic? {
        guard errors > Self.most || others > Self.most else { return nil }
        return Diagnostic(
            SchemaRule.tooManyFindings.code(isIstio: false),
            errors > Self.most ? .error : .info,
            "more than \(Self.most) findings in one object: the others are not told",
            hint: "correct these first",
            file: resource.file,
            position: resource.body.position,
            resource: resource.key
        )
    }
}
