// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// kubectl's JSONPath templates: literal text with expressions in braces, as `{.items[*].metadata.name}{"\n"}`.
///
/// Paths know keys (`.a`, `['a']`, `['a.b']`), indices and slices (`[0]`, `[-1]`, `[1:3]`), unions (`[0,2]`), `[*]`, recursive
/// descent (`..a`), and filters (`[?(@.kind=="Service")]`); `{range …}{end}` repeats what stands between. A missing key
/// gives nothing, as in kubectl. Unlike kubectl, a template without braces that begins with `.` or `$` is an expression.
struct JSONPath {
    indirect enum Segment {
        case text(String)
        case path([Step])
        case range([Step], body: [Segment])
    }

    enum Step {
        case root
        case current
        case key(String)
        /// A quoted text with dots: a key, or where there is none of that name a path, as it is for kubectl.
        case dotted(key: String, path: [String])
        case descendants
        case wildcard
        case slice(start: Int?, end: Int?, stride: Int)
        case union([Step])
        case filter(Filter)
    }

    struct Filter {
        enum Comparison: String {
            case equal = "==", notEqual = "!=", lessOrEqual = "<=", greaterOrEqual = ">=", less = "<",
                greater = ">"
        }
        enum Operand {
            case path([Step])
            case literal(Node)
        }
        var left: Operand
        /// Without a comparison the left side only has to exist.
        var comparison: (Comparison, Operand)?
    }

    private let segments: [Segment]

    /// Throws a usage error that shows where the template goes wrong.
    init(_ template: String) throws {
        var text = template
        if !text.contains("{"), text.hasPrefix(".") || text.hasPrefix("$") { text = "{\(text)}" }
        var parser = JSONPathParser(text)
        segments = try parser.parse()
    }

    func evaluate(_ root: Node) -> String {
        Self.evaluate(segments, root: root, current: root)
    }

    private static func evaluate(_ segments: [Segment], root: Node, current: Node) -> String {
        segments.map { segment in
            switch segment {
            case .text(let text): text
            case .path(let steps):
                select(steps, root: root, current: current).map(text).joined(separator: " ")
            case .range(let steps, let body):
                select(steps, root: root, current: current)
                    .map { evaluate(body, root: root, current: $0) }
                    .joined()
            }
        }.joined()
    }

    private static func text(_ node: Node) -> String {
        switch node.content {
        case .string(let text): text
        default: JSONWriter.write(node, pretty: false)
        }
    }
}

// MARK: - Selection

extension JSONPath {
    static func select(_ steps: [Step], root: Node, current: Node) -> [Node] {
        steps.reduce([current]) { nodes, step in
            // As kubectl has it: all names, and then all ports.
            guard case .union(let steps) = step else {
                return nodes.flatMap { select(step, from: $0, root: root) }
            }
            return steps.flatMap { step in nodes.flatMap { select(step, from: $0, root: root) } }
        }
    }

    private static func select(_ step: Step, from node: Node, root: Node) -> [Node] {
        switch step {
        case .root: [root]
        case .current: [node]
        case .key(let key): node.mapping?[key].map { [$0] } ?? []
        case .dotted(let key, let path):
            (node.mapping?[key] ?? path.reduce(Optional(node)) { $0?[$1] }).map { [$0] } ?? []
        case .descendants: descendants(of: node)
        case .wildcard: node.sequence ?? node.mapping?.entries.map(\.value) ?? []
        case .slice(let start, let end, let stride): slice(node.items, start, end, stride)
        case .union(let steps): steps.flatMap { select($0, from: node, root: root) }
        case .filter(let filter):
            (node.sequence ?? node.mapping?.entries.map(\.value) ?? []).filter {
                filter.holds(for: $0, root: root)
            }
        }
    }

    private static func descendants(of node: Node) -> [Node] {
        let children = node.sequence ?? node.mapping?.entries.map(\.value) ?? []
        return [node] + children.flatMap(descendants)
    }

    /// Python's slices, as in kubectl: negative numbers count from the end.
    private static func slice(_ items: [Node], _ start: Int?, _ end: Int?, _ stride: Int) -> [Node] {
        func absolute(_ index: Int) -> Int { index < 0 ? index &+ items.count : index }
        let first = max(0, absolute(start ?? 0))
        let last = min(items.count, absolute(end ?? items.count))
        guard first < last else { return [] }
        return Swift.stride(from: first, to: last, by: stride).map { items[$0] }
    }
}

extension JSONPath.Filter {
    func holds(for node: Node, root: Node) -> Bool {
        let left = values(of: left, node, root)
        guard let (comparison, operand) = comparison else { return !left.isEmpty }
        let right = values(of: operand, node, root)
        guard left.count == 1, right.count == 1 else { return false }
        return Self.compare(left[0], comparison, right[0])
    }

    private func values(of operand: Operand, _ node: Node, _ root: Node) -> [Node] {
        switch operand {
        case .literal(let value): [value]
        case .path(let steps): JSONPath.select(steps, root: root, current: node)
        }
    }

    private static func compare(_ left: Node, _ comparison: Comparison, _ right: Node) -> Bool {
        switch comparison {
        case .equal: return left == right
        case .notEqual: return left != right
        case .less, .lessOrEqual, .greater, .greaterOrEqual: break
        }
        let order: (less: Bool, equal: Bool)
        if let left = left.number, let right = right.number {
            order = (left < right, left == right)
        } else if let left = left.string, let right = right.string {
            order = (left < right, left == right)
        } else {
            return false
        }
        return switch comparison {
        case .less: order.less
        case .lessOrEqual: order.less || order.equal
        case .greater: !order.less && !order.equal
        default: !order.less
        }
    }
}
