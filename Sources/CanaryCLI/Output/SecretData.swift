// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// What a Secret keeps to itself: only `get secret -o yaml|json|jsonpath` shows it, everything else shows marks.
enum SecretData {
    /// What says what a Secret is, and nothing of what it holds. All other fields are hidden, misspelt ones too.
    private static let openFields: Set<String> = ["apiVersion", "kind", "metadata", "type", "immutable"]
    /// Annotations in which tools keep a copy of the whole object.
    private static let copies = [
        "kubectl.kubernetes.io/last-applied-configuration", "kapp.k14s.io/original",
        "objectset.rio.cattle.io/applied",
    ]

    /// A Secret with each value replaced by what `mark` makes of it; any other object as it is.
    ///
    /// - Parameter mark: is told the place of a value, for comparisons, and the value.
    static func hide(
        in body: Node,
        mark: (_ place: [String], _ value: Node) -> String = { _, _ in "***" }
    ) -> Node {
        guard body["kind"]?.string == ResourceKind.secret.rawValue else { return body }
        var hidden = body
        for entry in body.mapping?.entries ?? [] where !openFields.contains(entry.key) {
            guard let values = entry.value.mapping?.entries else {
                hidden.set(.string(mark([entry.key], entry.value)), at: entry.key)
                continue
            }
            for value in values {
                hidden.set(.string(mark([entry.key, value.key], value.value)), at: entry.key, value.key)
            }
        }
        for copy in copies {
            guard let value = body["metadata"]?["annotations"]?[copy] else { continue }
            let place = ["metadata", "annotations", copy]
            hidden.set(.string(mark(place, value)), at: "metadata", "annotations", copy)
        }
        return hidden
    }
}
