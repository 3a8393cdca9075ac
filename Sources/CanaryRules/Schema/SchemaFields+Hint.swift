// SPDX-License-Identifier: Apache-2.0

import CanaryResources

extension SchemaFields {
    /// A hint for a field that a type does not have, at a place in its mapping: it belongs under the empty key above it, a level
    /// deeper or higher, beside its parent, or is misspelt. Where several places are as good, there is no hint.
    func whereBelongs(_ place: Int, in mapping: Mapping, of type: ObjectType, parent: ObjectType?) -> String?
    {
        let key = mapping.entries[place].key
        if let above = emptyField(above: place, in: mapping, of: type), let (list, child) = child(above) {
            if child.field(key) != nil {
                return "\"\(key)\" belongs under \"\(above.name)\": indent it"
                    + (list ? ", and begin with \"- \"" : "")
            }
        }
        if let child = holder(of: key, in: type, beside: mapping) {
            return "\"\(key)\" belongs under \"\(child)\": indent it"
        }
        let free = type.fields.map(\.name).filter { mapping.index(of: $0) == nil }
        if let near = Suggestion.closest(to: key, among: free.sorted()) { return "did you mean \"\(near)\"?" }
        guard let parent else { return nil }
        if parent.field(key) != nil { return "\"\(key)\" belongs one level higher" }
        return holder(of: key, in: parent, beside: nil).map { "\"\(key)\" belongs under \"\($0)\"" }
    }

    /// A hint for a number in place of an object that has one field for numbers, as in `port: 80`.
    func hint(whereScalar text: String?, standsFor field: Field, key: String?) -> String? {
        guard let text, let key, Double(text) != nil, case .object(let number) = field.element else {
            return nil
        }
        let numeric = type(number).fields.filter { field in
            switch field.element {
            case .int32, .int64, .uint32, .number: field.shape == .one
            default: false
            }
        }
        guard numeric.count == 1 else { return nil }
        return "write it as an object: \(key): {\(numeric[0].name): \(text)}"
    }

    /// A hint for a text in place of an object that compares texts, as in `uri: /a`.
    func hint(whereText node: Node, standsFor field: Field, key: String?) -> String? {
        guard let text = node.string, case .object(let number) = field.element,
            type(number).field("exact") != nil
        else { return nil }
        return "write it as an object: \(key.map { "\($0): " } ?? ""){exact: \"\(text)\"}"
    }

    /// The field right above that has no value: what follows was meant to be its value.
    private func emptyField(above place: Int, in mapping: Mapping, of type: ObjectType) -> Field? {
        for entry in mapping.entries[..<place].reversed() {
            guard let field = type.field(entry.key) else { continue }
            return entry.value.isNull ? field : nil
        }
        return nil
    }

    /// The type of a field's value, or of the items of its list.
    private func child(_ field: Field) -> (isList: Bool, type: ObjectType)? {
        guard field.shape != .map, case .object(let number) = field.element else { return nil }
        return (field.shape == .list, type(number))
    }

    /// The only field of a type whose value has a key; of a field that is given, only an object can take it in.
    private func holder(of key: String, in type: ObjectType, beside mapping: Mapping?) -> String? {
        let holders = type.fields.filter { field in
            guard let (isList, child) = child(field), !isList, child.field(key) != nil else { return false }
            guard let given = mapping?[field.name] else { return true }
            return given.isNull || given.mapping.map { $0.index(of: key) == nil } ?? false
        }.map(\.name)
        // Both hold names and labels in many objects; the metadata is what people mean then.
        if holders.contains("metadata") { return "metadata" }
        return holders.count == 1 ? holders[0] : nil
    }
}
