// SPDX-License-Identifier: Apache-2.0

/// Kubernetes' `$(NAME)` in commands, arguments and values.
enum VariableExpansion {
    /// The longest text that Linux hands to a process (`MAX_ARG_STRLEN`, without the zero). Variables made of variables could be
    /// longer than any memory.
    static let longest = 131_071

    /// `$$` is a dollar sign. A name that nobody knows, and a dollar sign before anything else, stay as they are. `nil` for what
    /// comes to be longer than ``longest``.
    static func expand(_ text: String, _ value: (String) -> String?) -> String? {
        guard text.utf8.contains(UInt8(ascii: "$")) else { return bounded(text) }
        var result = ""
        var rest = text.utf8[...]
        while let dollar = rest.firstIndex(of: UInt8(ascii: "$")) {
            guard result.utf8.count <= longest else { return nil }
            result += String(Substring(rest[..<dollar]))
            rest = rest[dollar...].dropFirst()
            switch rest.first {
            case UInt8(ascii: "$"):
                result += "$"
                rest = rest.dropFirst()
            case UInt8(ascii: "("):
                guard let end = rest.firstIndex(of: UInt8(ascii: ")")) else {
                    return bounded("\(result)$\(Substring(rest))")
                }
                let name = String(Substring(rest.dropFirst()[..<end]))
                result += value(name) ?? "$(\(name))"
                rest = rest[end...].dropFirst()
            default: result += "$"
            }
        }
        return bounded(result + String(Substring(rest)))
    }

    private static func bounded(_ text: String) -> String? { text.utf8.count <= longest ? text : nil }
}
