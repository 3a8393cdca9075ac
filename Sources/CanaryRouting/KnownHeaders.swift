// SPDX-License-Identifier: Apache-2.0

import CanaryMesh

/// What `%REQ(NAME)%` means on the way of a request: Envoy makes the changes of one level after the other, and each value
/// sees what the levels before it left.
struct KnownHeaders {
    typealias Template = BorrowedList<TemplateSegment>

    /// For headers that were changed, what to try for the first value, in turn; nothing for one that was removed.
    private var choices: [String: [TemplateChoice]] = [:]
    /// The authority by now, where it is not the client's.
    var authority: String?
    /// Whether the request has been sent, since the value is one of its answer.
    var isSent = false

    mutating func remove(_ name: String) { choices[name] = [] }

    /// An empty value leaves the header as it was.
    mutating func set(_ name: String, _ value: Template, in arena: RoutingArena) {
        choices[name] = [Self.choice(value)] + choices(of: name, in: arena)
    }

    /// A further value is the first one only where there was none.
    mutating func append(_ name: String, _ value: Template, in arena: RoutingArena) {
        choices[name] = choices(of: name, in: arena) + [Self.choice(value)]
    }

    /// What to try for a header, else for another one; `nil` where both are as the client sent them.
    func choices(for name: String, else other: String?, in arena: RoutingArena) -> [TemplateChoice]? {
        guard choices[name] != nil || other.map({ choices[$0] != nil }) == true else { return nil }
        return choices(of: name, in: arena) + (other.map { choices(of: $0, in: arena) } ?? [])
    }

    private static func choice(_ value: Template) -> TemplateChoice {
        TemplateChoice(segments: value, work: value.reduce(1) { $0 + $1.work })
    }

    private func choices(of name: String, in arena: RoutingArena) -> [TemplateChoice] {
        choices[name] ?? [TemplateChoice(header: arena.store(name))]
    }
}
