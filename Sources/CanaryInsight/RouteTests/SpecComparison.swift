// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// Compares parts of a VirtualService's route as protobuf messages: a missing field is its zero value.
struct SpecComparison {
    /// Where short names of hosts belong.
    let namespace: String

    private static let durations: Set<String> = [
        "timeout", "perTryTimeout", "backoff", "fixedDelay", "exponentialDelay", "maxAge",
    ]

    func areEqual(_ left: Node?, _ right: Node?, field: String) -> Bool {
        switch (left, right) {
        case (nil, nil): true
        case (let left?, let right?): normalized(left, field) == normalized(right, field)
        default: false
        }
    }

    private func normalized(_ node: Node, _ key: String) -> Node {
        switch node.content {
        case .sequence(let items): return .sequence(items.map { normalized($0, key) })
        case .mapping(let mapping):
            let entries = mapping.entries.compactMap { entry -> Mapping.Entry? in
                let value = normalized(entry.value, entry.key)
                return value.isZero ? nil : Mapping.Entry(key: entry.key, value: value)
            }
            return Node(.mapping(Mapping(entries)))
        case .string(let text) where key == "host":
            return .string(HostName.resolve(text, namespace: namespace))
        case .string(let text) where Self.durations.contains(key):
            return Duration(goString: text).map { .string("\($0)") } ?? node
        default: return node
        }
    }
}

extension Node {
    fileprivate var isZero: Bool {
        switch content {
        case .null: true
        case .bool(let value): !value
        case .integer(let value): value == 0
        case .number(let value): value == 0
        case .string(let value): value.isEmpty
        case .sequence(let items): items.isEmpty
        case .mapping: false
        }
    }
}
