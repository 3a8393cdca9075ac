// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

extension Node: ExpressibleByStringLiteral {
    package init(stringLiteral value: String) { self = .string(value) }
}

extension Node: ExpressibleByIntegerLiteral {
    package init(integerLiteral value: Int64) { self = .integer(value) }
}

extension Node: ExpressibleByBooleanLiteral {
    package init(booleanLiteral value: Bool) { self = .bool(value) }
}

extension Node: ExpressibleByFloatLiteral {
    package init(floatLiteral value: Double) { self.init(.number(value)) }
}

extension Node: ExpressibleByArrayLiteral {
    package init(arrayLiteral elements: Node...) { self = .sequence(elements) }
}

extension Node: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, Node)...) {
        self.init(.mapping(Mapping(elements.map { Mapping.Entry(key: $0.0, value: $0.1) })))
    }
}

extension Node: ExpressibleByNilLiteral {
    package init(nilLiteral: ()) { self.init(.null) }
}

/// An object with the identity filled in.
package func object(
    _ kind: ResourceKind,
    _ name: String = "sample",
    namespace: String = "default",
    labels: Node = [:],
    _ body: Node
) -> Resource {
    var entries: [Mapping.Entry] = [
        .init(key: "apiVersion", value: .string(kind.apiVersion)),
        .init(key: "kind", value: .string(kind.rawValue)),
        .init(
            key: "metadata",
            value: ["name": .string(name), "namespace": .string(namespace), "labels": labels]
        ),
    ]
    entries += body.mapping?.entries ?? []
    return Resource(
        key: ResourceKey(kind, namespace: namespace, name: name),
        body: Node(.mapping(Mapping(entries)))
    )
}

extension [Diagnostic] {
    /// `CODE path`, sorted: what a test compares.
    package var summary: [String] { map { "\($0.code.canary) \($0.path)" }.sorted() }
}
