// SPDX-License-Identifier: Apache-2.0

/// Kubernetes' `$(NAME)` in commands, arguments and values.
enum VariableExpansion {
    /// `$$` is a dollar sign. A name that nobody knows, and a dollar sign before anything else, stay as they are.
    static func expand(_ text: String, _ value: (String) -> String?) -> String {
        guard text.utf8.contains(UInt8(ascii: "$")) else { return text }
        var result = ""
        var rest = text.utf8[...]
        while let dollar = rest.firstIndex(of: UInt8(ascii: "$")) {
            result += String(Substring(rest[..<dollar]))
            rest = rest[dollar...].dropFirst()
            switch rest.first {
            case UInt8(ascii: "$"):
                result += "$"
                rest = rest.dropFirst()
            case UInt8(ascii: "("):
                guard let end = rest.firstIndex(of: UInt8(ascii: ")")) else {
                    return "\(result)$\(Substring(rest))"
                }
                let name = String(Substring(rest.dropFirst()[..<end]))
                result += value(name) ?? "$(\(name))"
                rest = rest[end...].dropFirst()
            default: result += "$"
            }
        }
        return result + String(Substring(rest))
    }
}
