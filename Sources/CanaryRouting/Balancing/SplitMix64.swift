// SPDX-License-Identifier: Apache-2.0

extension FixedWidthInteger {
    /// The finaliser of SplitMix64 (Steele, Lea and Flood, 2014): numbers that differ in a bit look unrelated. Not for what an
    /// attacker may choose to collide.
    package var mixed: UInt64 {
        var word = UInt64(truncatingIfNeeded: self) &+ 0x9E37_79B9_7F4A_7C15
        word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        return word ^ word >> 31
    }
}
