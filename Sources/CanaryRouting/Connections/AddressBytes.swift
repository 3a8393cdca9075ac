// SPDX-License-Identifier: Apache-2.0

import CanaryMesh

/// An IP address as 16 bytes, IPv4 as `::ffff:a.b.c.d`.
struct AddressBytes: BitwiseCopyable, Equatable, Sendable {
    private(set) var high: UInt64 = 0
    private(set) var low: UInt64 = 0
    private(set) var isVersion4 = false

    /// Reads `10.0.0.1` or `fe80::1`, with an IPv4 address at the end if one likes; `nil` for anything else.
    init?(_ text: ByteSlice) {
        guard text.firstIndex(of: UInt8(ascii: ":")) != nil else {
            guard let address = Self.version4(text) else { return nil }
            low = 0xffff_0000_0000 | UInt64(address)
            isVersion4 = true
            return
        }
        guard let (high, low) = Self.version6(text) else { return nil }
        (self.high, self.low) = (high, low)
        // A mapped address is the IPv4 one.
        isVersion4 = high == 0 && low >> 32 == 0xffff
    }

    private static func version4(_ text: ByteSlice) -> UInt32? {
        var address: UInt32 = 0
        var start = 0
        for part in 0..<4 {
            let end = text.firstIndex(of: UInt8(ascii: "."), from: start) ?? text.count
            guard (end == text.count) == (part == 3), end - start <= 3,
                let number = text.slice(start, end).decimal, number <= 255
            else { return nil }
            address = address << 8 | UInt32(number)
            start = end + 1
        }
        return address
    }

    /// The groups before and behind `::` are filled from both ends.
    private static func version6(_ text: ByteSlice) -> (UInt64, UInt64)? {
        var groups: InlineArray<8, UInt16> = .init(repeating: 0)
        var count = 0
        var gap: Int?
        var start = 0
        if text.hasPrefix(ByteSlice("::")) {
            gap = 0
            start = 2
        }
        while start < text.count {
            let end = text.firstIndex(of: UInt8(ascii: ":"), from: start) ?? text.count
            let part = text.slice(start, end)
            if end == text.count, part.firstIndex(of: UInt8(ascii: ".")) != nil {
                guard count <= 6, let address = version4(part) else { return nil }
                groups[count] = UInt16(truncatingIfNeeded: address >> 16)
                groups[count + 1] = UInt16(truncatingIfNeeded: address)
                count += 2
                break
            }
            guard count < 8, let group = hexadecimal(part) else { return nil }
            groups[count] = group
            count += 1
            guard end < text.count else { break }
            start = end + 1
            if start < text.count, text[start] == UInt8(ascii: ":") {
                guard gap == nil else { return nil }
                gap = count
                start += 1
            } else if start == text.count {
                return nil
            }
        }
        guard gap == nil ? count == 8 : count < 8 else { return nil }
        var words: (UInt64, UInt64) = (0, 0)
        for index in 0..<8 {
            let zeros = 8 - count
            let before = gap ?? 8
            let group: UInt16 =
                index < before ? groups[index] : index < before + zeros ? 0 : groups[index - zeros]
            if index < 4 {
                words.0 = words.0 << 16 | UInt64(group)
            } else {
                words.1 = words.1 << 16 | UInt64(group)
            }
        }
        return words
    }

    private static func hexadecimal(_ text: ByteSlice) -> UInt16? {
        guard 1...4 ~= text.count else { return nil }
        var value: UInt16 = 0
        for byte in text {
            let letter = ByteSlice.lowercased(byte)
            let digit =
                byte &- UInt8(ascii: "0") < 10
                ? byte &- UInt8(ascii: "0")
                : letter &- UInt8(ascii: "a") < 6 ? letter &- UInt8(ascii: "a") + 10 : 16
            guard digit < 16 else { return nil }
            value = value << 4 | UInt16(digit)
        }
        return value
    }
}

/// A range of addresses: `10.1.0.0/16`, or a single one.
struct Subnet: BitwiseCopyable, Equatable, Sendable {
    private var address: AddressBytes
    /// Of the 128 bits.
    private var length: Int

    init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        var host = String(parts[0])
        guard let address = host.withUTF8({ unsafe AddressBytes(ByteSlice($0)) }) else { return nil }
        let most = host.utf8.contains(UInt8(ascii: ":")) ? 128 : 32
        var length = most
        if parts.count > 1 {
            guard let number = Int(parts[1]), 0...most ~= number else { return nil }
            length = number
        }
        self.address = address
        self.length = length + 128 - most
    }

    /// The address as text, and how many of its bits count.
    var parts: (address: String, length: Int) {
        guard !address.isVersion4 else {
            let bytes = [24, 16, 8, 0].map { String(address.low >> UInt64($0) & 0xff) }
            return (bytes.joined(separator: "."), length - 96)
        }
        let groups = [address.high, address.low].flatMap { half in
            [48, 32, 16, 0].map { String(half >> UInt64($0) & 0xffff, radix: 16) }
        }
        return (groups.joined(separator: ":"), length)
    }

    func contains(_ other: AddressBytes) -> Bool {
        // A range of IPv6 has nothing to say about IPv4, nor the other way round.
        guard address.isVersion4 == other.isVersion4 else { return false }
        let high = length >= 64 ? UInt64.max : UInt64.max << UInt64(64 - length)
        let low = length <= 64 ? 0 : UInt64.max << UInt64(128 - length)
        return (address.high ^ other.high) & (length == 0 ? 0 : high) == 0
            && (address.low ^ other.low) & low == 0
    }
}
