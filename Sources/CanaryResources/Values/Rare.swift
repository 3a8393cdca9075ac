// SPDX-License-Identifier: Apache-2.0

/// What most values go without: kept in a place of its own, so that it costs those a word, and a copy one reference.
@propertyWrapper
package struct Rare<Value: Sendable>: Sendable {
    private indirect enum Place: Sendable {
        case empty
        case full(Value)
    }

    private var place: Place

    package init(wrappedValue: Value?) {
        place = wrappedValue.map(Place.full) ?? .empty
    }

    package var wrappedValue: Value? {
        get { if case .full(let value) = place { value } else { nil } }
        set { place = newValue.map(Place.full) ?? .empty }
    }
}
