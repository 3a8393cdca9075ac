// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import Testing

@testable import CanaryProxy

/// Names and values are looked at eight bytes at a time: whatever stands where, the answer is that of one byte after the other.
struct FieldParserTests {
    private func parse(_ lines: [UInt8]) -> (outcome: ParseOutcome, names: [[UInt8]], values: [[UInt8]]) {
        var table = FieldTable(capacity: 10)
        let outcome = lines.withSlice {
            FieldParser(bytes: $0, limits: HeadLimits()).parse(from: 0, into: &table)
        }
        var names: [[UInt8]] = []
        var values: [[UInt8]] = []
        for index in 0..<table.count {
            names.append(Array(lines[table[index].name.lower..<table[index].name.upper]))
            values.append(Array(lines[table[index].value.lower..<table[index].value.upper]))
        }
        return (outcome, names, values)
    }

    private func isAccepted(_ outcome: ParseOutcome) -> Bool {
        if case .complete = outcome { true } else { false }
    }

    @Test(arguments: [1, 3, 8, 9, 20])
    func `every byte of a name counts, wherever it stands`(length: Int) {
        for position in 0..<length {
            for byte in UInt8.min...UInt8.max where byte != ASCII.colon {
                var name = [UInt8](repeating: UInt8(ascii: "n"), count: length)
                name[position] = byte
                let parsed = parse(name + Array(": value\r\n\r\n".utf8))
                #expect(isAccepted(parsed.outcome) == ASCII.isToken(byte), "\(byte) at \(position)")
                if isAccepted(parsed.outcome) { #expect(parsed.names == [name]) }
            }
        }
    }

    @Test(arguments: [1, 3, 8, 9, 20])
    func `every byte of a value counts, wherever it stands`(length: Int) {
        for position in 0..<length {
            for byte in UInt8.min...UInt8.max {
                var value = [UInt8](repeating: UInt8(ascii: "v"), count: length + 2)
                value[position + 1] = byte
                let parsed = parse(Array("name:".utf8) + value + Array("\r\n\r\n".utf8))
                #expect(isAccepted(parsed.outcome) == ASCII.isFieldValue(byte), "\(byte) at \(position)")
                if isAccepted(parsed.outcome) { #expect(parsed.values == [value]) }
            }
        }
    }

    @Test(arguments: [
        "te", "host", "expect", "upgrade", "connection", "keep-alive", "grpc-status", "x-request-id",
        "content-length", "x-forwarded-for", "proxy-connection", "transfer-encoding", "x-envoy-ratelimited",
    ])
    func `a known name is known in any case, and no other one is`(name: String) {
        func known(_ bytes: [UInt8]) -> KnownField { bytes.withSlice { KnownField($0) } }
        let bytes = Array(name.utf8)
        let field = known(bytes)
        #expect(field != .other && known(Array(name.uppercased().utf8)) == field)
        for position in bytes.indices {
            for byte in UInt8.min...UInt8.max {
                var changed = bytes
                changed[position] = byte
                let isSame = ByteSlice.lowercased(byte) == bytes[position]
                #expect((known(changed) == field) == isSame, "\(byte) at \(position)")
            }
        }
    }
}
