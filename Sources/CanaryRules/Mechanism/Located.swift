// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

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
    /// The way to the value itself, or to its parent where `leaf` is given.
    private let link: Link?
    /// The last component of the way to a value that nothing can be below. Most values that rules look at are of this kind,
    /// and need no link of their own.
    private let leaf: FieldPath.Component?

    package init(root: Node) {
        node = root
        link = nil
        leaf = nil
    }

    private init(_ node: Node, _ parent: Link?, _ component: FieldPath.Component) {
        self.node = node
        switch node.content {
        case .mapping, .sequence:
            link = Link(parent, component)
            leaf = nil
        default:
            link = parent
            leaf = component
        }
    }

    /// The value under a key; `nil` where it is missing or null.
    package subscript(key: String) -> Located? {
        guard case .mapping(let mapping) = node.content, let value = mapping[key], !value.isNull else {
            return nil
        }
        return Located(value, link, .key(key))
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
        Located(node[key] ?? Node(.null), leaf.map { Link(link, $0) } ?? link, .key(key))
    }

    package var string: String? { node.string }
    package var integer: Int64? { node.integer }
    package var isNull: Bool { node.isNull }

    package var path: FieldPath {
        var components = leaf.map { [$0] } ?? []
        var next = link
        while let link = next {
            components.append(link.component)
            next = link.parent
        }
        return FieldPath(components.reversed())
    }

    /// The last component of the path as messages name it: `"weight"`, `item 2`.
    package var label: String {
        switch leaf ?? link?.component {
        case .key(let key): "\"\(key)\""
        case .index(let index): "item \(index + 1)"
        case nil: "the object"
        }
    }
}
