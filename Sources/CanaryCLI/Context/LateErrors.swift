// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// What a command could not read while it went on with the rest: told behind its output, and then it has failed.
final class LateErrors {
    private(set) var all: [CommandError] = []

    var isEmpty: Bool { all.isEmpty }

    /// One that was noted before is not told twice.
    func note(_ errors: [CommandError]) {
        for error in errors where !all.contains(where: { $0.message.hasSameBytes(as: error.message) }) {
            all.append(error)
        }
    }
}
