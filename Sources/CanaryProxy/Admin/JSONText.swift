// SPDX-License-Identifier: Apache-2.0

/// Writes JSON, a value at a time.
struct JSONText {
    private(set) var text = ""
    private var needsComma = false

    mutating func object(_ body: (inout JSONText) -> Void) {
        open("{")
        body(&self)
        close("}")
    }

    mutating func array<Item>(_ name: String, _ items: [Item], _ body: (inout JSONText, Item) -> Void) {
        self.name(name)
        open("[")
        for item in items { body(&self, item) }
        close("]")
    }

    mutating func field(_ name: String, _ value: String) {
        self.name(name)
        self.value(value)
    }

    mutating func field(_ name: String, _ value: Int) {
        self.name(name)
        separate()
        text += String(value)
    }

    mutating func value(_ value: String) {
        separate()
        text += Self.quoted(value)
    }

    private mutating func name(_ name: String) {
        separate()
        text += Self.quoted(name) + ":"
        needsComma = false
    }

    private mutating func open(_ bracket: String) {
        separate()
        text += bracket
        needsComma = false
    }

    private mutating func close(_ bracket: String) {
        text += bracket
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { text += "," }
        needsComma = true
    }

    private static func quoted(_ value: String) -> String {
        var text = "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case let control where control.value < 0x20 || control.value == 0x7F:
                let digits = String(control.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }
}
