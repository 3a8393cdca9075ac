// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// Why a command stopped: what could not be done, what to do about it, and the exit status that says so.
package struct CommandError: Error {
    package var status: ExitStatus
    /// Lower case, no final stop; empty when everything has been said already.
    package var message: String
    package var hint: String?
    /// The file that could not be read, as findings name files.
    var file: String?
    /// What else went wrong in the same run, told after this.
    package var others: [CommandError] = []

    package init(_ message: String, hint: String?, status: ExitStatus = .failure) {
        self.message = message
        self.hint = hint
        self.status = status
    }

    /// Stops with a status after the findings have been printed.
    package static func silent(_ status: ExitStatus) -> CommandError {
        CommandError("", hint: nil, status: status)
    }
}

extension CommandError {
    static func notFound(_ key: ResourceKey) -> CommandError {
        let place = key.kind.isNamespaced ? " in namespace \"\(key.namespace)\"" : ""
        return CommandError(
            "\(key.kind.singular) \"\(key.name)\" not found\(place)",
            hint: "canaryctl get \(key.kind.plural)\(key.kind.isNamespaced ? " -A" : "") lists what is there"
        )
    }

    /// All errors of a run as one, or `nil` where there are none. A hint that several share is told once.
    static func joined(_ errors: [CommandError]) -> CommandError? {
        guard var first = errors.first else { return nil }
        first.others += errors.dropFirst()
        for index in first.others.indices where first.others[index].hint == first.hint { first.hint = nil }
        return first
    }

    /// - Parameter known: the hosts that may have been meant.
    static func unknownHost(_ host: String, among known: [String], _ settings: Settings) -> CommandError {
        let name = HostName.short(host)
        let kind = HostName.service(of: host).flatMap { ResourceKind(named: $0.name)?.plural }
        return CommandError(
            "no host \"\(name)\": no Service, ServiceEntry or VirtualService has this name",
            hint: kind.map { "canaryctl get \($0) lists objects, canaryctl describe \($0) NAME shows one" }
                ?? KnownHosts.suggestion(for: host, among: known).map {
                    "did you mean \"\(settings.named($0))\"?"
                } ?? "canaryctl get services,virtualservices,serviceentries -A lists what is there"
        )
    }

    static func wrongUsage(_ message: String, hint: String?) -> CommandError {
        CommandError(message, hint: hint, status: .usage)
    }
}
