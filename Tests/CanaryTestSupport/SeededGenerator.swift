// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// Random numbers of a test, the same for the same seed.
package struct SeededGenerator: RandomNumberGenerator {
    private var random: SplitMix64

    package init(seed: UInt64) {
        random = SplitMix64(seed: seed)
    }

    package mutating func next() -> UInt64 { random.next() }

    /// One of the values, which must not be empty.
    package mutating func pick<Value>(_ values: [Value]) -> Value {
        values[Int(next() % UInt64(values.count))]
    }

    package mutating func chance(_ percent: UInt64) -> Bool { next() % 100 < percent }
}
