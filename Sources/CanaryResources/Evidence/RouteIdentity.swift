// SPDX-License-Identifier: Apache-2.0

/// What makes a route of a VirtualService the same one after a change: its name, else its conditions; never its position.
///
/// Several routes with one name, or without one and with the same conditions, are told apart by their order.
package enum RouteIdentity {
    /// The identities of `spec.http`, in its order.
    static func all(_ routes: [Node]) -> [String] {
        var count: [String: Int] = [:]
        return routes.map { route in
            let own = identity(route)
            let number = count[own, default: 0] + 1
            count[own] = number
            // No identity begins with a digit, so a number in front makes it no other route's.
            return number == 1 ? own : "\(number) \(own)"
        }
    }

    /// The identity of a delegate's route behind a delegating one.
    package static func merged(_ root: HTTPRoute, _ leaf: HTTPRoute, of delegate: Resource) -> String {
        "\(root.identity) > \(delegate.stored?.uid ?? "") \(leaf.identity)"
    }

    /// The identity of the only route of a name.
    package static func named(_ name: String) -> String { "name:\(ascii(name))" }

    private static func identity(_ route: Node) -> String {
        if let name = route["name"]?.string, !name.isEmpty { return named(name) }
        let blocks = (route["match"]?.items ?? []).map { ascii(JSONWriter.canonical(condition($0))) }
        guard blocks.count > 1 else { return blocks.first.map { "match:" + $0 } ?? "any" }
        // Any of the blocks may hold, so their order means nothing.
        return "match:" + blocks.sorted().joined(separator: ",")
    }

    /// A match block without its name, which asks for nothing.
    private static func condition(_ block: Node) -> Node {
        guard block["name"] != nil else { return block }
        var block = block
        block.set(nil, at: "name")
        return block
    }

    /// Beyond ASCII, texts of other bytes can be equal strings: such bytes become `%C3`.
    package static func ascii(_ text: String) -> String {
        var text = text
        let isPlain = text.withUTF8 { utf8 in
            unsafe !utf8.contains { $0 >= 0x80 || $0 == UInt8(ascii: "%") }
        }
        if isPlain { return text }
        var escaped = ""
        for byte in text.utf8 {
            if byte < 0x80, byte != UInt8(ascii: "%") {
                escaped.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                escaped += byte < 0x10 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return escaped
    }
}
