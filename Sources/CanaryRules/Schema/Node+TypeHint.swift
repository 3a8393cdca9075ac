// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// What a manifest says word for word, for hints that repeat it: `1.10` is the number 1.1, and was meant to be neither.
package protocol WrittenText: AnyObject {
    /// The plain scalar at a place, `nil` where something else stands there, or the text is not at hand.
    func scalar(at position: Position, in file: String) -> String?
}

extension Node {
    /// How to write this value so that it fits a field; `key` is the one that it stands under, `written` what stands there.
    func hint(for field: SchemaFields.Field, key: String?, written: String?) -> String? {
        let key = key.map { "\($0): " } ?? ""
        switch (field.element, content) {
        case (.string, .integer), (.string, .number), (.string, .bool):
            if let flags = field.limits?.flags, !flags.isDisjoint(with: [.duration, .span]) {
                return Self.durationHint(key, written)
            }
            if let allowed = field.limits?.allowed, !allowed.isEmpty, !allowed.contains(written ?? "") {
                return nil
            }
            return written.map { "put the value in quotes: \(key)\"\($0)\"" } ?? "put the value in quotes"
        case (.int32, .string(let text)), (.int64, .string(let text)), (.uint32, .string(let text)):
            return Int64(text).map(String.init) == text ? "write it without quotes: \(key)\(text)" : nil
        case (.number, .string(let text)):
            let isNumber = text.utf8.allSatisfy { "0123456789.-".utf8.contains($0) } && Double(text) != nil
            return isNumber ? "write it without quotes: \(key)\(text)" : nil
        case (.boolean, .string(let text)):
            return ["true", "false"].contains(text) ? "write it without quotes: \(key)\(text)" : nil
        default: return nil
        }
    }

    /// A number without a unit mostly means seconds.
    private static func durationHint(_ key: String, _ written: String?) -> String {
        if let written, let duration = Duration(goString: "\(written)s"), duration >= .milliseconds(1) {
            return "write it with a unit: \(key)\(written)s"
        }
        return "write a number with a unit, such as 500ms, 1.5s or 2m"
    }
}
