// SPDX-License-Identifier: Apache-2.0

/// Reads a header's value as Istio's admission check does, which follows Envoy's parser of format strings and knows no
/// variables' names: `%%`, `%NAME%`, `%NAME(text)%` and `%NAME(["text", "text"])%`.
struct FormatStringScan {
    private enum State {
        case literal, name, argumentStart, argument, listItem, listEnd, close, variableEnd
    }

    private var state = State.literal
    private var isEscaped = false

    mutating func accepts(_ value: String) -> Bool {
        for character in value.utf8 {
            if isEscaped {
                isEscaped = false
            } else if !read(character) {
                return false
            }
        }
        // "%" and then nothing has begun a name; "%%" begins one and ends it.
        return state == .literal && !isEscaped
    }

    private mutating func read(_ character: UInt8) -> Bool {
        switch (state, character) {
        case (.literal, UInt8(ascii: "%")): state = .name
        case (.name, UInt8(ascii: "%")), (.variableEnd, UInt8(ascii: "%")): state = .literal
        case (.name, UInt8(ascii: "(")): state = .argumentStart
        case (.argumentStart, UInt8(ascii: "[")): state = .listItem
        case (.listItem, UInt8(ascii: "\"")): state = .argument
        case (.argument, UInt8(ascii: "\\")): isEscaped = true
        case (.argument, UInt8(ascii: "\"")): state = .listEnd
        case (.argument, UInt8(ascii: ")")), (.close, UInt8(ascii: ")")): state = .variableEnd
        case (.listEnd, UInt8(ascii: ",")): state = .listItem
        case (.listEnd, UInt8(ascii: "]")): state = .close
        case (.literal, _), (.name, _), (.argument, _): break
        case (_, UInt8(ascii: " ")): break
        case (.argumentStart, _): state = .argument
        default: return false
        }
        return true
    }
}
