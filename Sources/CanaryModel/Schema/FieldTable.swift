// SPDX-License-Identifier: Apache-2.0

/// The fields of some kinds of objects: types, which are required, and their limits.
///
/// Read once, at first use, from the generated text (its format is described in `Tests/FieldTables/generate.py`).
struct FieldTable: Sendable {
    /// Whether a field holds one value, a list, or a mapping with any keys.
    enum Shape: Sendable { case one, list, map }

    enum Element: Hashable, Sendable {
        case string, boolean, number, int32, int64, uint32
        case intOrString, quantity, time, bytes
        /// Anything; not looked into.
        case any
        /// A mapping with known fields: an index into ``FieldTable/types``.
        case object(Int)
    }

    struct Field: Sendable {
        var shape: Shape
        var element: Element
        var limits: Limits?
    }

    /// What the values of a field must keep to, beyond their type. The limits of numbers and texts concern the items
    /// of a list or the values of a mapping.
    final class Limits: Sendable {
        let allowed: [String]
        let minimum: Double?
        let maximum: Double?
        let maxLength: Int?
        let minItems: Int?
        let maxItems: Int?
        let flags: Set<String>

        init(_ words: some Sequence<Substring>) {
            var values: [Substring: Substring] = [:]
            var flags: Set<String> = []
            for word in words {
                let parts = word.split(separator: "=", maxSplits: 1)
                if parts.count == 2 { values[parts[0]] = parts[1] } else { flags.insert(String(word)) }
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

    struct ObjectType: Sendable {
        var name: String
        var fields: [String: Field] = [:]
        var required: [String] = []
        /// Groups of fields of which at most one may be given.
        var exclusive: [[String]] = []
    }

    private(set) var types: [ObjectType] = []
    private var roots: [ResourceKind: Int] = [:]
    /// For kinds whose versions differ: the types of some versions.
    private var versionRoots: [ResourceKind: [String: Int]] = [:]

    /// The type of a kind's objects, `nil` for kinds that the table does not know.
    func root(_ kind: ResourceKind, apiVersion: String) -> Int? {
        if let versions = versionRoots[kind], let version = apiVersion.split(separator: "/").last,
            let number = versions[String(version)]
        {
            return number
        }
        return roots[kind]
    }

    init(_ text: String) {
        var rootNames: [(kind: Substring, type: Substring)] = []
        var typeNumbers: [Substring: Int] = [:]
        let lines = text.split(separator: "\n")
        for line in lines where !line.hasPrefix(" ") {
            if line.hasPrefix("@ ") {
                let words = line.split(separator: " ")
                rootNames.append((words[1], words[2]))
            } else {
                typeNumbers[line] = types.count
                types.append(ObjectType(name: String(line)))
            }
        }
        var current = -1
        for line in lines where !line.hasPrefix("@") {
            if !line.hasPrefix(" ") {
                current += 1
            } else {
                types[current].add(line.split(separator: " "), typeNumbers)
            }
        }
        for root in rootNames {
            let words = root.kind.split(separator: "/")
            guard let kind = ResourceKind(rawValue: String(words[0])) else { continue }
            if words.count > 1 {
                versionRoots[kind, default: [:]][String(words[1])] = typeNumbers[root.type]
            } else {
                roots[kind] = typeNumbers[root.type]
            }
        }
    }
}

extension FieldTable {
    static let kubernetes = FieldTable(KubernetesFields.table)
    static let istio = FieldTable(IstioFields.table)
}

extension FieldTable.ObjectType {
    fileprivate mutating func add(_ words: [Substring], _ typeNumbers: [Substring: Int]) {
        guard words[0] != "?" else {
            exclusive.append(words.dropFirst().map(String.init))
            return
        }
        var name = words[0]
        if name.hasSuffix("!") {
            name.removeLast()
            required.append(String(name))
        }
        let limits = words.dropFirst(2)
        fields[String(name)] = FieldTable.Field(
            shape: words[1].hasPrefix("[]") ? .list : words[1].hasPrefix("{}") ? .map : .one,
            element: FieldTable.Element(words[1].drop { "[]{}".contains($0) }, typeNumbers),
            limits: limits.isEmpty ? nil : FieldTable.Limits(limits)
        )
    }
}

extension FieldTable.Element {
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
            default: typeNumbers[name].map(Self.object) ?? .any
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
        case .any: "any value"
        case .object: "a mapping"
        }
    }
}
