// SPDX-License-Identifier: Apache-2.0

/// Makes strings of bytes, and hands out the same storage again for texts that manifests repeat, such as
/// `networking.istio.io/v1` or a host's name.
///
/// Texts of up to 15 bytes need no storage of their own in Swift; long ones are seldom repeated. What lies between goes
/// through a table in which each hash has one slot: a miss costs one allocation, as without the table.
struct StringCache {
    private static let slotCount = 2048
    /// Made at the first text that goes through it: most manifests are short.
    private var slots: [String] = []

    /// The bytes must be valid UTF-8; others are replaced by U+FFFD.
    mutating func string(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
        guard bytes.count > 15, bytes.count <= 64 else {
            return unsafe String(decoding: bytes, as: UTF8.self)
        }
        if slots.isEmpty { slots = [String](repeating: "", count: Self.slotCount) }
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for index in bytes.indices {
            let byte = unsafe bytes[index]
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
        }
        let slot = Int((hash ^ (hash >> 32)) % UInt64(Self.slotCount))
        if slots[slot].utf8.count == bytes.count, unsafe slots[slot].utf8.elementsEqual(bytes) {
            return slots[slot]
        }
        let text = unsafe String(decoding: bytes, as: UTF8.self)
        slots[slot] = text
        return text
    }
}
