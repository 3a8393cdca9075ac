// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// The objects that a command line names: `pods`, `vs helloworld`, `svc/helloworld deploy/helloworld-v1`, `svc,vs`,
/// `all`.
enum ObjectSelection {
    /// Everything of some kinds.
    case kinds([ResourceKind])
    /// These objects, in this order.
    case names([(kind: ResourceKind, name: String)])

    /// What `all` stands for: every kind but those that hold configuration and secrets.
    static let all = ResourceKind.allCases.filter { $0 != .secret && $0 != .configMap }

    init(_ words: [String]) throws {
        guard let first = words.first, !first.isEmpty else {
            throw CommandError.wrongUsage(
                "no kind given",
                hint: "for example: canaryctl get virtualservices; the kinds are: \(Self.kindNames)"
            )
        }
        guard !words.contains("") else {
            throw CommandError.wrongUsage("a name is empty", hint: Self.slashHint)
        }
        if words.contains(where: { $0.contains("/") }) {
            self = .names(try words.map(Self.slashed))
        } else if words.count > 1 {
            let kinds = try first.split(separator: ",").map { try Self.kind(String($0)) }
            self = .names(kinds.flatMap { kind in words.dropFirst().map { (kind, $0) } })
        } else {
            let kinds = try first.split(separator: ",").flatMap { word in
                word.lowercased() == "all" ? Self.all : [try Self.kind(String(word))]
            }
            self = .kinds(
                kinds.enumerated().filter { !kinds[..<$0.offset].contains($0.element) }.map(\.element)
            )
        }
    }

    private static func slashed(_ word: String) throws -> (ResourceKind, String) {
        let parts = word.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(
            String.init
        )
        guard parts.count == 2 else {
            throw CommandError.wrongUsage(
                "\"\(word)\" is no KIND/NAME, but another argument is one",
                hint: "write each as KIND/NAME, or one KIND and then names"
            )
        }
        guard !parts[0].isEmpty else {
            throw CommandError.wrongUsage("\"\(word)\" lacks the kind of an object", hint: slashHint)
        }
        guard !parts[1].isEmpty else {
            throw CommandError.wrongUsage("\"\(word)\" lacks the name of an object", hint: slashHint)
        }
        return (try kind(parts[0]), parts[1])
    }

    private static let slashHint = "KIND/NAME is one object, KIND alone all of them"

    static func kind(_ name: String) throws -> ResourceKind {
        if let kind = ResourceKind(named: name) { return kind }
        guard !EventListing.isMeant(by: [name]) else {
            throw CommandError.wrongUsage(
                "events are no objects of the store",
                hint: "canaryctl get events lists them, with --for KIND/NAME those of one object"
            )
        }
        let known = ResourceKind.allCases.flatMap {
            [$0.singular, $0.plural] + [$0.shortName].compactMap(\.self)
        }
        let suggestion = Suggestion.closest(to: name.lowercased(), among: known)
        throw CommandError.wrongUsage(
            "unknown kind \"\(name)\"",
            hint: suggestion.map { "did you mean \"\($0)\"?" } ?? "the kinds are: \(kindNames)"
        )
    }

    private static var kindNames: String {
        ResourceKind.allCases.map { kind in
            kind.shortName.map { "\(kind.plural) (\($0))" } ?? kind.plural
        }.joined(separator: ", ")
    }
}
