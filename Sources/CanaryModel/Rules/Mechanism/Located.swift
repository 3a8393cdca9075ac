// SPDX-License-Identifier: Apache-2.0

/// A value of an object together with the way to it, so that a rule can report the very field.
package struct Located {
    /// The way is a list from the leaf to the root: a path is only built for a finding.
    private final class Link {
        let parent: Link?
        let component: FieldPath.Component

        init(_ parent: Link?, _ component: FieldPath.Component) {
            self.parent = parent
            self.component = component
        }
    }

    package let node: Node
    private let link: Link?

    package init(root: Node) {
        node = root
        link = nil
    }

    private init(_ node: Node, _ parent: Link?, _ component: FieldPath.Component) {
        self.node = node
        link = Link(parent, component)
    }

    /// The value under a key; `nil` where it is missing or null.
    package subscript(key: String) -> Located? {
        node[key].map { Located($0, link, .key(key)) }
    }

    /// The items of a sequence, nulls included; empty for anything else.
    package var items: [Located] {
        guard case .sequence(let nodes) = node.content else { return [] }
        return nodes.enumerated().map { Located($1, link, .index($0)) }
    }

    /// The entries of a mapping, nulls included; empty for anything else.
    package var entries: [(key: String, value: Located)] {
        guard case .mapping(let mapping) = node.content else { return [] }
        return mapping.entries.map { ($0.key, Located($0.value, link, .key($0.key))) }
    }

    /// A field of this mapping for reporting, whether it is there or not.
    package func field(_ key: String) -> Located {
        Located(node[key] ?? Node(.null), link, .key(key))
    }

    package var string: String? { node.string }
    package var integer: Int64? { node.integer }
    package var isNull: Bool { node.isNull }

    package var path: FieldPath {
        var components: [FieldPath.Component] = []
        var next = link
        while let link = next {
            components.append(link.component)
            next = link.parent
        }
        return FieldPath(components.reversed())
    }

    /// The last component of the path as messages name it: `"weight"`, `item 2`.
    package var label: String {
        switch link?.component {
        case .key(let key): "\"\(key)\""
        case .index(let index): "item \(index + 1)"
        case nil: "the object"
        }
    }
}
