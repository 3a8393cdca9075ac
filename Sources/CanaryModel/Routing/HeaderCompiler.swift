// SPDX-License-Identifier: Apache-2.0

/// Compiles the header changes of a route and its destinations.
struct HeaderCompiler {
    let routeName: String
    let arena: RoutingArena

    /// The changes of several levels in the order in which they apply. Within a level: remove, set, add, each by name.
    func edits(_ levels: [HeaderChanges.Operations]) -> UnsafeBufferPointer<HeaderEdit> {
        arena.store(levels.flatMap(edits))
    }

    private func edits(_ level: HeaderChanges.Operations) -> [HeaderEdit] {
        guard !level.isEmpty else { return [] }
        let none = UnsafeBufferPointer<TemplateSegment>(start: nil, count: 0)
        var edits: [HeaderEdit] = []
        for name in level.remove.sorted() where Self.isPlain(name) {
            edits.append(HeaderEdit(operation: .remove, name: arena.store(name.lowercased()), template: none))
        }
        let changes: [(HeaderEdit.Operation, [String: String])] = [(.set, level.set), (.append, level.add)]
        for (operation, headers) in changes {
            for (name, value) in headers.sorted(by: { $0.key < $1.key }) where Self.isPlain(name) {
                let template = FormatString.compile(value, routeName: routeName, in: arena)
                let stored = arena.store(name.lowercased())
                edits.append(HeaderEdit(operation: operation, name: stored, template: template))
            }
        }
        return edits
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
    private static func isPlain(_ name: String) -> Bool {
        !name.isEmpty && !name.hasPrefix(":") && name.lowercased() != "host"
    }

    private static func isAuthority(_ name: String) -> Bool {
        let name = name.lowercased()
        return name == "host" || name == ":authority"
    }
}
