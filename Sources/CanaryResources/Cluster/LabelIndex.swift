// SPDX-License-Identifier: Apache-2.0

/// Finds what carries some labels among many, without looking at all of them.
package struct LabelIndex<Item> {
    private struct Label: Hashable {
        var key: String
        var value: String
    }

    package let items: [Item]
    private let labels: (Item) -> [String: String]
    /// The positions of the items with a label; not made for a few, through which one looks as fast.
    private var positions: [Label: [Int]]?

    private static var few: Int { 16 }

    package init(_ items: [Item], labels: @escaping (Item) -> [String: String]) {
        self.items = items
        self.labels = labels
        guard items.count > Self.few else { return }
        var positions: [Label: [Int]] = [:]
        for (position, item) in items.enumerated() {
            for (key, value) in labels(item) {
                positions[Label(key: key, value: value), default: []].append(position)
            }
        }
        self.positions = positions
    }

    /// The items that carry all of the labels, in their order.
    package func carrying(_ wanted: [String: String]) -> [Item] {
        guard !wanted.isEmpty else { return items }
        guard let positions else { return items.filter { labels($0).contains(all: wanted) } }
        let lists = wanted.map { positions[Label(key: $0.key, value: $0.value)] ?? [] }
        let shortest = lists.min { $0.count < $1.count } ?? []
        return shortest.map { items[$0] }.filter { labels($0).contains(all: wanted) }
    }

    /// Whether any item carries all of the labels.
    package func hasAny(carrying wanted: [String: String]) -> Bool {
        wanted.isEmpty ? !items.isEmpty : !carrying(wanted).isEmpty
    }
}
