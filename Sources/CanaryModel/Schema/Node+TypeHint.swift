// SPDX-License-Identifier: Apache-2.0

extension Node {
    /// How to write this value so that it is of the wanted type; `key` is the one that it stands under.
    func hint(for wanted: FieldTable.Element, key: String?) -> String? {
        let key = key.map { "\($0): " } ?? ""
        switch (wanted, content) {
        case (.string, .integer(let value)): return "put the value in quotes: \(key)\"\(value)\""
        // Whether it was written as yes, on or true is no longer known.
        case (.string, .bool): return "put the value in quotes"
        case (.string, .number(let value)): return "put the value in quotes: \(key)\"\(value)\""
        case (.int32, .string(let text)), (.int64, .string(let text)), (.uint32, .string(let text)):
            return Int64(text).map { "write it without quotes: \(key)\($0)" }
        case (.number, .string(let text)):
            return Double(text) == nil ? nil : "write it without quotes: \(key)\(text)"
        case (.boolean, .string(let text)):
            return ["true", "false"].contains(text) ? "write it without quotes: \(key)\(text)" : nil
        default: return nil
        }
    }
}
