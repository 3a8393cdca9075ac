// SPDX-License-Identifier: Apache-2.0

/// The identity of an object: kind, namespace and name. The namespace is empty for cluster-wide kinds.
package struct ResourceKey: Equatable, Sendable {
    package var kind: ResourceKind
    package var namespace: String
    package var name: String

    package init(_ kind: ResourceKind, namespace: String, name: String) {
        self.kind = kind
        self.namespace = kind.isNamespaced ? namespace : ""
        self.name = name
    }

    /// `service/helloworld`, `virtualservice.networking.istio.io/helloworld`: as change lines print it.
    package var qualifiedName: String { "\(kind.qualifiedName)/\(name)" }
}

extension ResourceKey: Hashable {
    package static func == (left: ResourceKey, right: ResourceKey) -> Bool {
        left.kind == right.kind && left.name.hasSameBytes(as: right.name)
            && left.namespace.hasSameBytes(as: right.namespace)
    }

    /// The few objects of one name differ by their kinds' names, whose lengths are less to hash.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(name)
        hasher.combine(namespace)
        hasher.combine(kind.rawValue.utf8.count)
    }
}

extension ResourceKey: CustomStringConvertible {
    /// `VirtualService/default/helloworld`, or `Namespace/shop`: as diagnostics name objects.
    package var description: String {
        kind.isNamespaced ? "\(kind.rawValue)/\(namespace)/\(name)" : "\(kind.rawValue)/\(name)"
    }
}

extension ResourceKey: Comparable {
    package static func < (left: ResourceKey, right: ResourceKey) -> Bool {
        (left.namespace, left.kind.rawValue, left.name) < (right.namespace, right.kind.rawValue, right.name)
    }
}
