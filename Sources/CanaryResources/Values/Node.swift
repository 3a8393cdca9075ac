// SPDX-License-Identifier: Apache-2.0

/// One value of a manifest, with the place where it was written.
///
/// The data model is JSON's, as in Kubernetes: YAML's anchors, tags and styles are resolved by the reader. Mappings
/// keep the order of their keys, so that an object can be written back as it came.
package struct Node: Sendable {
    package enum Content: Sendable {
        case null
        case bool(Bool)
        case integer(Int64)
        case number(Double)
        case string(String)
        case sequence([Node])
        case mapping(Mapping)
    }

    package var content: Content
    /// Where the value begins; a mapping in block style begins at its first key.
    package var position: Position

    package init(_ content: Content, at position: Position = .unknown) {
        self.content = content
        self.position = position
    }
}

/// An ordered mapping with string keys. Look-ups scan: manifests' mappings are short.
package struct Mapping: Sendable {
    package struct Entry: Sendable {
        package var key: String
        package var keyPosition: Position
        package var value: Node

        package init(key: String, keyPosition: Position = .unknown, value: Node) {
            self.key = key
            self.keyPosition = keyPosition
            self.value = value
        }
    }

    package var entries: [Entry]

    package init(_ entries: [Entry] = []) {
        self.entries = entries
    }

    /// The value under a key. Assigning `nil` removes the entry; a new key goes to the end.
    package subscript(key: String) -> Node? {
        get { index(of: key).map { entries[$0].value } }
        set {
            let index = index(of: key)
            switch (index, newValue) {
            case (let index?, let value?): entries[index].value = value
            case (let index?, nil): entries.remove(at: index)
            case (nil, let value?): entries.append(Entry(key: key, value: value))
            case (nil, nil): break
            }
        }
    }

    package func entry(_ key: String) -> Entry? {
        index(of: key).map { entries[$0] }
    }

    /// Comparing lengths first settles most comparisons; two spellings of one character are two keys, as in YAML.
    package func index(of key: String) -> Int? {
        entries.firstIndex { $0.key.hasSameBytes(as: key) }
    }
}

// MARK: - Reading

extension Node {
    /// The value under a key, `nil` where this is no mapping, the key is missing, or its value is null: Kubernetes
    /// does not tell these apart.
    package subscript(key: String) -> Node? {
        guard case .mapping(let mapping) = content, let value = mapping[key], !value.isNull else {
            return nil
        }
        return value
    }

    package var isNull: Bool {
        if case .null = content { true } else { false }
    }

    package var bool: Bool? {
        if case .bool(let value) = content { value } else { nil }
    }

    package var string: String? {
        if case .string(let value) = content { value } else { nil }
    }

    /// An integer, also one written as `80.0` or `8e1`: JSON, and so Kubernetes, does not tell these apart.
    // Inlined into long chains of look-ups, this crashes the optimiser of Swift 6.3 ("Found ownership error").
    @inline(never)
    package var integer: Int64? {
        switch content {
        case .integer(let value): value
        case .number(let value): Int64(exactly: value)
        default: nil
        }
    }

    /// A number of either kind, as a double.
    package var number: Double? {
        switch content {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    package var mapping: Mapping? {
        if case .mapping(let value) = content { value } else { nil }
    }

    package var sequence: [Node]? {
        if case .sequence(let value) = content { value } else { nil }
    }

    /// The items of a sequence; empty for anything else.
    package var items: [Node] { sequence ?? [] }

    /// The strings of a sequence, other items left out.
    package var strings: [String] { items.compactMap(\.string) }

    /// The string values of a mapping, others left out; of a repeated key the last value.
    package var stringMap: [String: String] {
        var result: [String: String] = [:]
        for entry in mapping?.entries ?? [] {
            if let value = entry.value.string { result[entry.key] = value }
        }
        return result
    }

    /// What the value is, in the words of messages: `a string`, `a list` …
    package var typeName: String {
        switch content {
        case .null: "null"
        case .bool: "a boolean"
        case .integer: "an integer"
        case .number: "a number"
        case .string: "a string"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }
}

// MARK: - Writing

extension Node {
    package static func string(_ value: String) -> Node { Node(.string(value)) }
    package static func integer(_ value: Int64) -> Node { Node(.integer(value)) }
    package static func bool(_ value: Bool) -> Node { Node(.bool(value)) }
    package static func sequence(_ items: [Node]) -> Node { Node(.sequence(items)) }

    package static func mapping(_ pairs: KeyValuePairs<String, Node>) -> Node {
        Node(.mapping(Mapping(pairs.map { Mapping.Entry(key: $0.key, value: $0.value) })))
    }

    /// The string entries in the order of their keys.
    package static func stringMap(_ values: [String: String]) -> Node {
        let entries = values.sorted { $0.key < $1.key }
        return Node(.mapping(Mapping(entries.map { Mapping.Entry(key: $0.key, value: .string($0.value)) })))
    }

    /// Sets or, with `nil`, removes the value at a path of keys, making the mappings on the way.
    package mutating func set(_ value: Node?, at keys: String...) {
        set(value, at: keys[...])
    }

    private mutating func set(_ value: Node?, at keys: ArraySlice<String>) {
        guard let key = keys.first else { return }
        var mapping = self.mapping ?? Mapping()
        if keys.count == 1 {
            mapping[key] = value
        } else if var child = mapping[key] {
            child.set(value, at: keys.dropFirst())
            mapping[key] = child
        } else if value != nil {
            var child = Node(.mapping(Mapping()))
            child.set(value, at: keys.dropFirst())
            mapping[key] = child
        }
        content = .mapping(mapping)
    }
}

// MARK: - Comparing

/// Two nodes are equal when they mean the same JSON value; places and the order of keys do not matter.
extension Node: Equatable {
    package static func == (left: Node, right: Node) -> Bool {
        switch (left.content, right.content) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.integer(let left), .integer(let right)): left == right
        case (.number(let left), .number(let right)): left == right
        case (.integer(let left), .number(let right)), (.number(let right), .integer(let left)):
            Double(left) == right
        case (.string(let left), .string(let right)): left.hasSameBytes(as: right)
        case (.sequence(let left), .sequence(let right)): left == right
        case (.mapping(let left), .mapping(let right)): left.sameEntries(as: right)
        default: false
        }
    }
}

extension Mapping {
    fileprivate func sameEntries(as other: Mapping) -> Bool {
        guard entries.count == other.entries.count else { return false }
        // Most mappings that are compared have the same order; of those that have not, very many keys are found by hash.
        var others: [ExactText: Int]?
        return entries.enumerated().allSatisfy { index, entry in
            let twin = other.entries[index]
            if twin.key.hasSameBytes(as: entry.key) { return twin.value == entry.value }
            let positions = others ?? other.positions
            others = positions
            return positions[ExactText(entry.key)].map { other.entries[$0].value == entry.value } ?? false
        }
    }

    /// Where each key stands first.
    private var positions: [ExactText: Int] {
        Dictionary(zip(entries.map { ExactText($0.key) }, entries.indices)) { first, _ in first }
    }
}
