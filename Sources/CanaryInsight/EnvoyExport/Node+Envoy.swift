// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryRouting

/// How Envoy's messages are written in JSON (Protocol Buffers' JSON mapping).
extension Node {
    /// A message; fields without value are left out.
    static func message(_ fields: KeyValuePairs<String, Node?>) -> Node {
        let entries = fields.compactMap { name, value in
            value.map { Mapping.Entry(key: name, value: $0) }
        }
        return Node(.mapping(Mapping(entries)))
    }

    /// A message inside of `google.protobuf.Any`.
    static func any(_ type: String, _ fields: KeyValuePairs<String, Node?> = [:]) -> Node {
        var entries = [Mapping.Entry(key: "@type", value: .string("type.googleapis.com/\(type)"))]
        entries += message(fields).mapping?.entries ?? []
        return Node(.mapping(Mapping(entries)))
    }

    /// A repeated field; `nil`, and so left out, where it is empty.
    static func repeated(_ items: [Node]) -> Node? {
        items.isEmpty ? nil : .sequence(items)
    }

    /// `google.protobuf.Duration`: `1.5s`.
    static func duration(milliseconds: some BinaryInteger) -> Node {
        let (seconds, rest) = Int64(milliseconds).quotientAndRemainder(dividingBy: 1000)
        guard rest > 0 else { return .string("\(seconds)s") }
        return .string("\(seconds).\(String(1000 + rest).dropFirst())s")
    }

    /// `envoy.type.v3.FractionalPercent`.
    static func fraction(_ percentage: Percentage) -> Node {
        .message([
            "numerator": .integer(Int64(percentage.millionths)),
            "denominator": .string("MILLION"),
        ])
    }

    static func socketAddress(_ host: String, _ port: Int) -> Node {
        .message([
            "socket_address": .message([
                "address": .string(host), "port_value": .integer(Int64(port)),
            ])
        ])
    }

    /// `envoy.type.matcher.v3.StringMatcher`.
    static func stringMatcher(_ test: MatchCondition.Test, _ text: String) -> Node {
        switch test {
        case .prefix: .message(["prefix": .string(text)])
        case .regex: .message(["safe_regex": .regex(text)])
        case .exact, .present: .message(["exact": .string(text)])
        }
    }

    static func regex(_ pattern: String) -> Node { .message(["regex": .string(pattern)]) }
}
