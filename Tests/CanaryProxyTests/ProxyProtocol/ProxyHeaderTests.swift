// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import Testing

@testable import CanaryProxy

/// What is read of a PROXY header, in whatever pieces it comes.
@Suite struct ProxyHeaderTests {
    private static let signature: [UInt8] = Array("\r\n\r\n\0\r\nQUIT\n".utf8)

    static func binary(_ version: UInt8, _ family: UInt8, _ block: [UInt8]) -> [UInt8] {
        signature + [version, family, UInt8(block.count >> 8), UInt8(block.count & 255)] + block
    }

    /// 192.0.2.1:1000 to 192.0.2.2:443.
    static let four: [UInt8] = [192, 0, 2, 1, 192, 0, 2, 2, 3, 232, 1, 187]
    private static let six: [UInt8] =
        [0x20, 1, 0xD, 0xB8] + [UInt8](repeating: 0, count: 11) + [1] + [0x20, 1, 0xD, 0xB8]
        + [UInt8](repeating: 0, count: 11) + [2, 3, 232, 1, 187]

    private func read(_ bytes: [UInt8]) -> ProxyHeader.Reading { bytes.withSlice { ProxyHeader.read($0) } }

    /// What is read of all, which no shorter beginning may contradict.
    private func outcome(_ bytes: [UInt8]) -> String {
        let whole = read(bytes)
        for count in 0..<bytes.count {
            let part = read(Array(bytes[..<count]))
            #expect(part == .incomplete || part == whole)
            if case .complete(let length, _) = whole { #expect((part == whole) == (count >= length)) }
        }
        return switch whole {
        case .incomplete: "incomplete"
        case .invalid(let objection): "\(objection)"
        case .complete(let length, nil): "\(length) own"
        case .complete(let length, let addresses?):
            "\(length) \(addresses.source.text) \(addresses.destination.text)"
        }
    }

    @Test(
        arguments: [
            ("PROXY TCP4 192.0.2.1 192.0.2.2 1000 443\r\n", "41 192.0.2.1:1000 192.0.2.2:443"),
            ("PROXY TCP4 192.0.2.1 192.0.2.2 0 65535\r\nGET /", "40 192.0.2.1:0 192.0.2.2:65535"),
            ("PROXY TCP6 2001:db8::1 ::1 1 2\r\n", "32 [2001:db8::1]:1 [::1]:2"),
            ("PROXY UNKNOWN\r\n", "15 own"), ("PROXY UNKNOWN whatever it is\r\nmore", "30 own"),
            ("PROXY TCP4 192.0.2.1 192.0.2.2 1000 443\n", "line"), ("PROXY \r\n", "family"),
            ("PROXY TCP5 192.0.2.1 192.0.2.2 1000 443\r\n", "family"), ("PROXY\r\n", "missing"),
            ("proxy UNKNOWN\r\n", "missing"), ("GET / HTTP/1.1\r\n", "missing"),
            ("PROXY TCP4 ::1 ::1 1000 443\r\n", "addresses"),
            ("PROXY TCP6 192.0.2.1 192.0.2.2 1000 443\r\n", "addresses"),
            ("PROXY TCP4 192.0.2.1 192.0.2.2 1000 65536\r\n", "addresses"),
            ("PROXY TCP4 192.0.2.1 192.0.2.2 01 443\r\n", "addresses"),
            ("PROXY TCP4 192.0.2.1 192.0.2.2 +1 443\r\n", "addresses"),
            ("PROXY TCP4 192.0.2.1  192.0.2.2 1 443\r\n", "addresses"),
            ("PROXY TCP4 192.0.2.1 192.0.2.2 1 443 \r\n", "addresses"),
            ("PROXY TCP4 192.0.2.01 192.0.2.2 1 443\r\n", "addresses"),
            ("PROXY TCP4 192.0.2.1\r\n", "addresses"), ("PROXY TCP4 a b 1 443\r\n", "addresses"),
            ("PROXY TCP4 192.0.2.1 192.0.2.2 1 443", "incomplete"), ("", "incomplete"),
        ]
    )
    func `a line of version 1`(text: String, expected: String) {
        #expect(outcome(Array(text.utf8)) == expected)
    }

    @Test func `a line of version 1 has an end`() {
        let rest = String(repeating: "x", count: 91)
        #expect(outcome(Array("PROXY UNKNOWN \(rest)\r\n".utf8)) == "107 own")
        #expect(outcome(Array("PROXY UNKNOWN \(rest)x\r\n".utf8)) == "length")
    }

    @Test func `a header of version 2`() {
        let tlvs: [UInt8] = [3, 0, 4, 1, 2, 3, 4, 0x20, 255]
        let cases: [([UInt8], String)] = [
            (Self.binary(0x21, 0x11, Self.four), "28 192.0.2.1:1000 192.0.2.2:443"),
            (Self.binary(0x21, 0x11, Self.four + tlvs) + [1, 2], "37 192.0.2.1:1000 192.0.2.2:443"),
            (Self.binary(0x21, 0x21, Self.six), "52 [2001:db8::1]:1000 [2001:db8::2]:443"),
            (Self.binary(0x20, 0x11, Self.four), "28 own"), (Self.binary(0x20, 0xFF, []), "16 own"),
            (Self.binary(0x21, 0x00, tlvs), "25 own"), (Self.binary(0x21, 0x12, Self.four), "28 own"),
            (Self.binary(0x21, 0x31, [UInt8](repeating: 65, count: 216)), "232 own"),
            (Self.binary(0x11, 0x11, Self.four), "version"), (Self.binary(0x22, 0x11, Self.four), "command"),
            (Self.binary(0x21, 0x13, Self.four), "family"), (Self.binary(0x21, 0x41, Self.four), "family"),
            (Self.binary(0x21, 0x11, Array(Self.four.dropLast())), "addresses"),
            (Self.binary(0x21, 0x21, Self.four), "addresses"),
            (Self.binary(0x21, 0x11, Array(Self.four.dropLast())).dropLast(), "incomplete"),
        ]
        for (bytes, expected) in cases { #expect(outcome(bytes) == expected) }
        let room = ProxyHeader.mostBytes - 16
        let filling = [UInt8](repeating: 0, count: room + 1)
        let expected = ProxyHeader.Reading.complete(length: ProxyHeader.mostBytes, nil)
        #expect(read(Self.binary(0x20, 0, Array(filling[..<room]))) == expected)
        #expect(read(Self.binary(0x20, 0, filling)) == .invalid(.length))
    }
}
