// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
package import CanaryResources

/// Compiles the header changes of a route and its destinations.
package struct HeaderCompiler {
    struct Edits {
        var request = BorrowedList<HeaderEdit>()
        var response = BorrowedList<HeaderEdit>()
    }

    let routeName: String
    let arena: RoutingArena

    /// The changes of a route and one of its destinations.
    func edits(of route: HTTPRoute, _ destination: WeightedDestination) -> Edits {
        if route.headers.isEmpty, destination.headers.isEmpty { return Edits() }
        // istiod gives a route's only destination no level of its own.
        return edits(
            route.destinations.count == 1
                ? [[route.headers, destination.headers]] : [[destination.headers], [route.headers]]
        )
    }

    /// The changes of several levels in the order in which they apply; what stands together in one level counts as one, as a
    /// route and its only destination.
    func edits(_ levels: [[HeaderChanges]]) -> Edits {
        if levels.allSatisfy({ $0.allSatisfy(\.isEmpty) }) { return Edits() }
        var known = KnownHeaders()
        var request: [HeaderEdit] = []
        for level in levels {
            let operations = level.map(\.request)
            for name in Self.removed(operations) { known.remove(name) }
            let edits = edits(of: operations, known)
            for edit in edits where edit.operation == .set {
                known.set(edit.name.text, edit.template, in: arena)
            }
            for edit in edits where edit.operation == .append {
                known.append(edit.name.text, edit.template, in: arena)
            }
            known.authority = operations.compactMap(Self.authority).first { !$0.isEmpty } ?? known.authority
            request += edits
        }
        known.isSent = true
        let sent = known
        let response = levels.flatMap { edits(of: $0.map(\.response), sent) }
        return Edits(request: arena.store(request), response: arena.store(response))
    }

    /// All that is removed, then all that is set, then all that is added; of each kind one after the other, by name.
    private func edits(of levels: [HeaderChanges.Operations], _ known: KnownHeaders) -> [HeaderEdit] {
        let none = BorrowedList<TemplateSegment>()
        let removed = Self.removed(levels).map { name in
            HeaderEdit(operation: .remove, name: arena.store(name), template: none)
        }
        return removed + levels.flatMap { edits(.set, $0.set, known) }
            + levels.flatMap { edits(.append, $0.add, known) }
    }

    private func edits(_ operation: HeaderEdit.Operation, _ headers: [String: String], _ known: KnownHeaders)
        -> [HeaderEdit]
    {
        let format = FormatString(routeName: routeName, headers: known, arena: arena)
        return headers.sorted { $0.key < $1.key }.filter { Self.isPlain($0.key) }.map { name, value in
            HeaderEdit(
                operation: operation,
                name: arena.store(name.lowercased()),
                template: format.compile(value)
            )
        }
    }

    private static func removed(_ levels: [HeaderChanges.Operations]) -> [String] {
        levels.flatMap { $0.remove.sorted() }.filter(isPlain).map { $0.lowercased() }
    }

    /// The authority that a level's operations ask for, a literal.
    package static func authority(_ level: HeaderChanges.Operations) -> String? {
        if level.isEmpty { return nil }
        for headers in [level.set, level.add] {
            let found = headers.sorted { $0.key < $1.key }.first { isAuthority($0.key) }
            if let found { return found.value }
        }
        return nil
    }

    /// Pseudo headers and `host` are never changed as headers.
    package static func isPlain(_ name: String) -> Bool {
        !name.isEmpty && !name.hasPrefix(":") && name.lowercased() != "host"
    }

    private static func isAuthority(_ name: String) -> Bool {
        let name = name.lowercased()
        return name == "host" || name == ":authority"
    }
}
