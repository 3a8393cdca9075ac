// SPDX-License-Identifier: Apache-2.0

/// Equal nodes have equal hashes: the order of keys does not count, nor how a number is written.
extension Node: Hashable {
    package func hash(into hasher: inout Hasher) {
        switch content {
        case .null: hasher.combine(0)
        case .bool(let value): hasher.combine(value)
        // An integer can equal a number.
        case .integer(let value): hasher.combine(Double(value))
        case .number(let value): hasher.combine(value)
        case .string(let value): hasher.combine(ExactText(value))
        case .sequence(let items): hasher.combine(items)
        case .mapping(let mapping): hasher.combine(mapping.orderlessHash)
        }
    }
}

extension Mapping {
    fileprivate var orderlessHash: Int {
        entries.reduce(entries.count) { sum, entry in
            var hasher = Hasher()
            hasher.combine(ExactText(entry.key))
            hasher.combine(entry.value)
            return sum ^ hasher.finalize()
        }
    }
}
