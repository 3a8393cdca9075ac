// SPDX-License-Identifier: Apache-2.0

/// The endpoints that a request was tried at: Envoy's `previous_hosts` chooses again, up to five times, while it meets one of
/// them. The last eight are known.
package struct TriedEndpoints: BitwiseCopyable, Sendable {
    /// How often the choice is repeated: istiod's `host_selection_retry_max_attempts`.
    package static let reselections = 5

    private var ids: InlineArray<8, UInt64> = .init(repeating: 0)
    package private(set) var count = 0

    package init() {}

    package mutating func insert(_ id: UInt64) {
        ids[count % 8] = id
        count += 1
    }

    package func contains(_ id: UInt64) -> Bool {
        for index in 0..<min(count, 8) where ids[index] == id { return true }
        return false
    }
}
