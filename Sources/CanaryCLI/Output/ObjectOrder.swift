// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// `--sort-by`: the order of a field's values. Numbers come before texts, objects without the field first, as for kubectl;
/// equal ones stay as they were.
struct ObjectOrder {
    private enum Key {
        case none
        case number(Double)
        case text([UInt8])
    }

    private let path: JSONPath

    init(_ path: String) throws {
        let isBare = !path.hasPrefix(".") && !path.hasPrefix("{") && !path.hasPrefix("$")
        self.path = try JSONPath(isBare ? ".\(path)" : path)
    }

    func sorted(_ resources: [Resource]) -> [Resource] { sorted(resources, by: ObjectText.node) }

    /// - Parameter node: an object as it is printed.
    func sorted<Item>(_ items: [Item], by node: (Item) -> Node) -> [Item] {
        items.enumerated().map { (offset: $0.offset, key: key(node($0.element)), item: $0.element) }
            .sorted { Self.isLess($0.key, $1.key) ?? ($0.offset < $1.offset) }
            .map(\.item)
    }

    private func key(_ node: Node) -> Key {
        let text = path.evaluate(node)
        if text.isEmpty { return .none }
        return Double(text).map { .number($0) } ?? .text(Array(text.utf8))
    }

    /// `nil` where the keys are equal.
    private static func isLess(_ left: Key, _ right: Key) -> Bool? {
        switch (left, right) {
        case (.none, .none): nil
        case (.none, _): true
        case (_, .none): false
        case (.number(let left), .number(let right)): left == right ? nil : left < right
        case (.number, .text): true
        case (.text, .number): false
        case (.text(let left), .text(let right)): left == right ? nil : left.lexicographicallyPrecedes(right)
        }
    }
}
