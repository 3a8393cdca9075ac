// SPDX-License-Identifier: Apache-2.0

/// Compiles the header changes of a route and its destinations.
struct HeaderCompiler {
    let routeName: String
    let arena: RoutingArena

    /// The changes of several levels in the order in which they apply.
    func edits(_ levels: [HeaderChanges.Operations]) -> UnsafeBufferPointer<HeaderEdit> {
        arena.store(levels.flatMap { edits(of: [$0]) })
    }

    /// The changes of levels that count as one, as those of a route and its only destination.
    func edits(merging levels: [HeaderChanges.Operations]) -> UnsafeBufferPointer<HeaderEdit> {
        arena.store(edits(of: levels))
    }

    /// All that is removed, then all that is set, then all that is added; of each kind level by level, by name.
    private func edits(of levels: [HeaderChanges.Operations]) -> [HeaderEdit] {
        let none = UnsafeBufferPointer<TemplateSegment>(start: nil, count: 0)
        let removed = levels.flatMap { $0.remove.sorted() }.filter(Self.isPlain).map { name in
            HeaderEdit(operation: .remove, name: arena.store(name.lowercased()), template: none)
        }
        return removed + levels.flatMap { edits(.set, $0.set) } + levels.flatMap { edits(.append, $0.add) }
    }

    private func edits(_ operation: HeaderEdit.Operation, _ headers: [String: String]) -> [HeaderEdit] {
        headers.sorted { $0.key < $1.key }.filter { Self.isPlain($0.key) }.map { name, value in
            let template = FormatString.compile(value, routeName: routeName, in: arena)
            return HeaderEdit(operation: operation, name: arena.store(name.lowercased()), template: template)
        }
    }

    /// The authority that a level's operations ask for, a literal.
    static func authority(_ level: HeaderChanges.Operations) -> String? {
        for headers in [level.set, level.add] {
            let found = headers.sorted { $0.key < $1.key }.first { isAuthority($0.key) }
            if let found { return found.value }
        }
        return nil
    }

    /// Pseudo headers and `host` are never changed as headers.
    static func isPlain(_ name: String) -> Bool {
        !name.isEmpty && !name.hasPrefix(":") && name.lowercased() != "host"
    }

    private static func isAuthority(_ name: String) -> Bool {
        let name = name.lowercased()
        return name == "host" || name == ":authority"
    }
}
