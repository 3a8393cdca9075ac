// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// How long running pods may take to end.
struct PodEndingOptions: ParsableArguments {
    @Option(
        name: .customLong("grace-period"),
        help: ArgumentHelp("How long they may take; else what each says itself", valueName: "seconds")
    )
    var seconds: Int?

    @Flag(help: "The same as --grace-period 1")
    var now = false

    func validate() throws {
        guard seconds == nil || !now else {
            throw ValidationError(
                "--now and --grace-period say the same\nleave one of them out: --now is --grace-period 1"
            )
        }
        // kubectl's own default is -1.
        guard (-1...Int(Int32.max)).contains(seconds ?? 0) else {
            throw ValidationError(
                "--grace-period \(seconds ?? 0) is no number of seconds\nfor example: --grace-period 30"
            )
        }
    }

    /// `nil` is each pod's own.
    var gracePeriod: Duration? {
        if now { return .seconds(1) }
        return seconds.flatMap { $0 < 0 ? nil : .seconds($0) }
    }
}
