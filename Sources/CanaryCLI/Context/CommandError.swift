// SPDX-License-Identifier: Apache-2.0

import CanaryModel

/// Why a command stopped: what could not be done, what to do about it, and the exit status that says so.
package struct CommandError: Error {
    package var status: ExitStatus
    /// Lower case, no final stop; empty when everything has been said already.
    package var message: String
    package var hint: String?

    package init(_ message: String, hint: String? = nil, status: ExitStatus = .failure) {
        self.message = message
        self.hint = hint
        self.status = status
    }

    /// Stops with a status after the findings have been printed.
    package static func silent(_ status: ExitStatus) -> CommandError {
        CommandError("", status: status)
    }
}

extension CommandError {
    static func notFound(_ key: ResourceKey) -> CommandError {
        CommandError(
            "\(key.kind.singular) \"\(key.name)\" not found in namespace \"\(key.namespace)\"",
            hint: "canaryctl get \(key.kind.plural) -A lists what is there"
        )
    }

    static func wrongUsage(_ message: String, hint: String? = nil) -> CommandError {
        CommandError(message, hint: hint, status: .usage)
    }
}
