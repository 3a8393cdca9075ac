// SPDX-License-Identifier: Apache-2.0

/// A value that very many others have in common: kept in one place, with its hash, so that a copy costs a reference and a
/// comparison mostly nothing.
package struct Shared<Value: Hashable & Sendable>: Hashable, Sendable {
    private final class Place: Sendable {
        let value: Value
        let hash: Int

        init(_ value: Value) {
            self.value = value
            hash = value.hashValue
        }
    }

    private var place: Place

    package init(_ value: Value) { place = Place(value) }

    /// Another one once it is changed: those that had it in common keep theirs.
    package var value: Value {
        get { place.value }
        set { place = Place(newValue) }
    }

    package static func == (left: Shared, right: Shared) -> Bool {
        left.place === right.place || left.place.hash == right.place.hash && left.value == right.value
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(place.hash) }
}
