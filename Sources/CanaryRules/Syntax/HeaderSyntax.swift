// SPDX-License-Identifier: Apache-2.0

/// Names and values of HTTP headers, as Istio's admission checks read them.
package enum HeaderSyntax {
    /// Characters of a token (RFC 9110).
    package static func isToken(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "A")...UInt8(ascii: "Z"):
                    true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }

    /// What a match may ask for: a header, a pseudo header, or a claim of the request's token.
    static func isMatchName(_ text: String) -> Bool {
        if [":method", ":scheme", ":authority", ":path", ":status"].contains(text) { return true }
        return isClaim(text) || isToken(text)
    }

    /// `@request.auth.claims.group`, `@request.auth.claims[group]`.
    static func isClaim(_ text: String) -> Bool {
        ["@request.auth.claims.", "@request.auth.claims["].contains {
            text.hasPrefix($0) && text.count > $0.count
        }
    }

    /// The reason why a name can't be set or added to requests; `nil` if it can.
    static func problemOfRequestName(_ name: String) -> String? {
        if name.isEmpty { return "the header's name is empty" }
        if name.hasPrefix(":"), name != ":authority" { return "\"\(name)\" is a pseudo header" }
        return nil
    }

    /// The reason why a name can't be removed, or changed in responses; `nil` if it can.
    static func problemOfOtherName(_ name: String) -> String? {
        if name.isEmpty { return "the header's name is empty" }
        if name.hasPrefix(":") { return "\"\(name)\" is a pseudo header" }
        if name.lowercased() == "host" { return "\"\(name)\" can't be changed here" }
        return nil
    }

    /// The reason why Istio does not take a value as a format string; `nil` if it does.
    static func problemOfValue(_ value: String) -> String? {
        if value.utf8.contains(where: { ($0 < 0x20 && $0 != 0x09) || $0 == 0x7F }) {
            return "it holds control characters"
        }
        var scan = FormatStringScan()
        return scan.accepts(value)
            ? nil : "it holds a \"%\" that begins no variable; write \"%%\" for the sign"
    }

    /// The reason why Envoy refuses a value that Istio takes; `nil` if it does not.
    static func problemOfEnvoyValue(_ value: String) -> String? {
        hasGoodFormat(Array(value.utf8)) ? nil : "what stands between its \"%\" is no variable of Envoy's"
    }

    /// `%%`, `%NAME%` and `%NAME(arguments)%` or `%NAME(arguments):LENGTH%`.
    private static func hasGoodFormat(_ bytes: [UInt8]) -> Bool {
        let percent = UInt8(ascii: "%")
        var index = 0
        while index < bytes.count {
            guard bytes[index] == percent else {
                index += 1
                continue
            }
            index += 1
            if index < bytes.count, bytes[index] == percent {
                index += 1
                continue
            }
            guard let end = endOfVariable(bytes, index) else { return false }
            index = end
        }
        return true
    }

    private static func endOfVariable(_ bytes: [UInt8], _ start: Int) -> Int? {
        var index = start
        while index < bytes.count, isVariableCharacter(bytes[index]) { index += 1 }
        guard index > start else { return nil }
        if index < bytes.count, bytes[index] == UInt8(ascii: "(") {
            guard let close = bytes[index...].firstIndex(of: UInt8(ascii: ")")) else { return nil }
            index = close + 1
        }
        if index < bytes.count, bytes[index] == UInt8(ascii: ":") {
            index += 1
            while index < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[index]) {
                index += 1
            }
        }
        guard index < bytes.count, bytes[index] == UInt8(ascii: "%") else { return nil }
        return index + 1
    }

    private static func isVariableCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
