// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// The fields of some kinds of objects: types, which are required, and their limits.
///
/// Types are read from the generated text when they are first asked for, since most runs need few of them. A table remembers
/// what it has seen, so each thread has its own: threads that count references to the same types would wait for each
/// other most of the time.
package final class SchemaFields {
    private let text: FieldTableText
    private var types: [ObjectType?]

    package init(_ text: FieldTableText) {
        self.text = text
        types = Array(repeating: nil, count: text.types.count)
    }

    /// The type of a kind's objects, `nil` for kinds that the table does not know.
    func root(_ kind: ResourceKind, apiVersion: String) -> ObjectType? {
        text.root(kind, apiVersion: apiVersion).map(type)
    }

    func type(named name: String) -> ObjectType? {
        text.numbers[name[...]].map(type)
    }

    /// A type by the number that ``Element/object(_:)`` gives.
    func type(_ number: Int) -> ObjectType {
        if let known = types[number] { return known }
        let type = ObjectType(text.types[number], text.numbers)
        types[number] = type
        return type
    }
}

extension SchemaFields {
    /// Whether a field holds one value, a list, or a mapping with any keys.
    enum Shape { case one, list, map }

    enum Element: Hashable {
        case string, boolean, number, int32, int64, uint32
        case intOrString, quantity, time, bytes, percentage
        /// Anything; not looked into.
        case any
        /// A mapping with known fields, by its number in the table.
        case object(Int)
    }

    /// What is asked of texts beyond their length.
    struct Flags: OptionSet {
        let rawValue: Int
        /// A duration of at least a millisecond.
        static let duration = Flags(rawValue: 1)
        static let noStar = Flags(rawValue: 2)
        static let notStar = Flags(rawValue: 4)
        static let noStarKeys = Flags(rawValue: 8)
        static let noEmptyKeys = Flags(rawValue: 16)
        /// A duration that may be 0.
        static let span = Flags(rawValue: 32)
        /// A percentage may stand for the object.
        static let orPercentage = Flags(rawValue: 64)
        /// A text with a place to fill in may stand for the number.
        static let orPlaceholder = Flags(rawValue: 128)
    }

    /// What the values of a field must keep to, beyond their type. The limits of numbers and texts concern the items
    /// of a list or the values of a mapping.
    final class Limits {
        let allowed: [String]
        let minimum: Double?
        let maximum: Double?
        let maxLength: Int?
        let minItems: Int?
        let maxItems: Int?
        let flags: Flags

        init(_ words: some Sequence<Substring>) {
            var values: [Substring: Substring] = [:]
            var flags: Flags = []
            for word in words {
                let parts = word.split(separator: "=", maxSplits: 1)
                if parts.count == 2 { values[parts[0]] = parts[1] } else { flags.formUnion(Flags(word)) }
            }
            allowed = values["enum"]?.split(separator: "|").map(String.init) ?? []
            minimum = values["min"].flatMap { Double($0) }
            maximum = values["max"].flatMap { Double($0) }
            maxLength = values["maxLength"].flatMap { Int($0) }
            minItems = values["minItems"].flatMap { Int($0) }
            maxItems = (values["maxItems"] ?? values["maxProperties"]).flatMap { Int($0) }
            self.flags = flags
        }
    }

    final class Field {
        let name: String
        let shape: Shape
        let element: Element
        let limits: Limits?
        let isRequired: Bool
        /// The groups of fields that exclude each other which it is in, a bit each.
        fileprivate(set) var groups: UInt64 = 0

        /// Reads a line of the table, in words: `NAME[!] SHAPE [LIMIT...]`.
        fileprivate init(_ words: [Substring], _ typeNumbers: [Substring: Int]) {
            isRequired = words[0].hasSuffix("!")
            name = String(isRequired ? words[0].dropLast() : words[0])
            shape = words[1].hasPrefix("[]") ? .list : words[1].hasPrefix("{}") ? .map : .one
            element = Element(words[1].drop { "[]{}".contains($0) }, typeNumbers)
            limits = words.count > 2 ? Limits(words[2...]) : nil
        }
    }
}

// MARK: - Types

extension SchemaFields {
    final class ObjectType {
        let name: String
        let fields: [Field]
        let required: [Field]
        /// Groups of fields of which at most one may be given.
        let exclusive: [[String]]
        private let numbers: [String: Int]
        /// The field, by its number, that each place in a mapping last held: manifests write them in the same order again
        /// and again.
        private var expected: [Int]

        fileprivate init(_ text: FieldTableText.TypeText, _ typeNumbers: [Substring: Int]) {
            name = String(text.name)
            let lines = text.words
            let fields = lines.filter { $0[0] != "?" }.map { Field($0, typeNumbers) }
            self.fields = fields
            exclusive = lines.filter { $0[0] == "?" }.map { $0.dropFirst().map(String.init) }
            required = fields.filter(\.isRequired)
            numbers = Dictionary(fields.indices.map { (fields[$0].name, $0) }) { _, last in last }
            expected = Array(repeating: 0, count: fields.count)
            for (bit, group) in exclusive.enumerated() {
                for field in fields where group.contains(field.name) { field.groups |= 1 << UInt64(bit) }
            }
        }

        func field(_ name: String) -> Field? {
            numbers[name].map { fields[$0] }
        }

        /// The field of a name that stands at a place in its mapping.
        func field(_ name: String, at place: Int) -> Field? {
            guard place < expected.count else { return field(name) }
            let guess = fields[expected[place]]
            if guess.name == name { return guess }
            guard let number = numbers[name] else { return nil }
            expected[place] = number
            return fields[number]
        }
    }
}

extension SchemaFields.Flags {
    fileprivate init(_ word: Substring) {
        self =
            switch word {
            case "duration": .duration
            case "noStar": .noStar
            case "notStar": .notStar
            case "noStarKeys": .noStarKeys
            case "noEmptyKeys": .noEmptyKeys
            case "span": .span
            case "orPercentage": .orPercentage
            case "orPlaceholder": .orPlaceholder
            default: []
            }
    }
}

extension SchemaFields.Element {
    fileprivate init(_ name: Substring, _ typeNumbers: [Substring: Int]) {
        self =
            switch name {
            case "string": .string
            case "boolean": .boolean
            case "number": .number
            case "int32": .int32
            case "int64": .int64
            case "uint32": .uint32
            case "intOrString": .intOrString
            case "quantity": .quantity
            case "time": .time
            case "bytes": .bytes
            case "percentage": .percentage
            default: typeNumbers[name].map(Self.object) ?? .any
            }
    }

    var isInteger: Bool {
        switch self {
        case .int32, .int64, .uint32, .intOrString: true
        default: false
        }
    }

    /// What a value should be, in the words of messages.
    var description: String {
        switch self {
        case .string, .time: "a string"
        case .bytes: "a base64 string"
        case .boolean: "true or false"
        case .number: "a number"
        case .int32, .int64, .uint32: "an integer"
        case .intOrString: "an integer or a string"
        case .quantity: "a quantity"
        case .percentage: "a percentage"
        case .any: "any value"
        case .object: "a mapping"
        }
    }
}
