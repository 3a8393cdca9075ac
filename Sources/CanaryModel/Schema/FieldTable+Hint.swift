// SPDX-License-Identifier: Apache-2.0

extension FieldTable {
    /// A hint for a field that a type does not have: it belongs a level deeper, a level higher, beside its parent, or
    /// is misspelt.
    func whereBelongs(_ key: String, in type: ObjectType, parent: ObjectType?) -> String? {
        if let child = child(of: type, thatHas: key) {
            return "\"\(key)\" belongs under \"\(child)\": indent it"
        }
        if let near = Suggestion.closest(to: key, among: type.fields.map(\.name).sorted()) {
            return "did you mean \"\(near)\"?"
        }
        guard let parent else { return nil }
        if parent.field(key) != nil { return "\"\(key)\" belongs one level higher" }
        return child(of: parent, thatHas: key).map { "\"\(key)\" belongs under \"\($0)\"" }
    }

    private func child(of type: ObjectType, thatHas key: String) -> String? {
        let holders = type.fields.filter { field in
            guard field.shape == .one, case .object(let child) = field.element else { return false }
            return self.type(child).field(key) != nil
        }.map(\.name)
        // Both hold names and labels in many objects; the metadata is what people mean then.
        return holders.contains("metadata") ? "metadata" : holders.min()
    }
}
