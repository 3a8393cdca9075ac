// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryResources

extension Severity: ExpressibleByArgument {}

/// Which findings count, and which are shown at all.
struct FindingOptions: ParsableArguments {
    @Flag(help: "Let warnings decide about the status as errors do")
    var strict = false

    @Option(help: ArgumentHelp("The least severity that makes the status 65", valueName: "severity"))
    var failureThreshold = Severity.error

    @Option(
        help: ArgumentHelp(
            "Leave out findings that block no change; may be repeated",
            valueName: "code=kind/name"
        )
    )
    var suppress: [String] = []

    /// Whether findings of this severity make the command fail.
    func fails(at severity: Severity) -> Bool {
        severity <= max(failureThreshold, strict ? .warning : .error)
    }
}
