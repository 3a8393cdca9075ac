// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// What is expected, or found, at a line of a fixture.
struct FixtureMark: Hashable, Comparable, CustomStringConvertible {
    /// From 1.
    var line: Int
    var text: String

    var description: String { "\(line): \(text)" }
    static func < (left: FixtureMark, right: FixtureMark) -> Bool {
        (left.line, left.text) < (right.line, right.text)
    }
}

/// The text of a fixture in a folder of `Tests`.
func fixture(_ name: String, in folder: String) throws -> String {
    let tests = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
    let file = try #require(fopen("/\(tests)/\(folder)/\(name).yaml", "r"))
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = fread(&chunk, 1, chunk.count, file), count > 0 { bytes += chunk[..<count] }
    return String(decoding: bytes, as: UTF8.self)
}

/// Compares all that was found with all that is expected.
func expectSame(_ found: Set<FixtureMark>, _ expected: Set<FixtureMark>) {
    #expect(found.subtracting(expected).sorted() == [], "not expected")
    #expect(expected.subtracting(found).sorted() == [], "not found")
}
