// SPDX-License-Identifier: Apache-2.0

import CanaryManifests
import CanaryResources
import Testing

@Suite struct TextTests {
    @Test(arguments: [
        "", "\n", "# only a comment", "---", "---\n", "---\n---\n# x\n---\n", "\u{feff}",
        "---\n...\n---\n...\n",
        "\r\n\r\n", "   ", "null", "~",
    ])
    func `documents without content are no documents`(text: String) {
        let result = parse(text)
        #expect(result.documents.isEmpty)
        #expect(result.diagnostics.isEmpty)
    }

    @Test func `line ends of all kinds count lines`() {
        for end in ["\n", "\r\n", "\r"] {
            let result = parse(["a: 1", "b:", "  c: 2", "...", "---", "d: 3", ""].joined(separator: end))
            #expect(result.documents.count == 2)
            #expect(result.documents[0].position(of: "b.c") == Position(line: 3, column: 3))
            #expect(result.documents[1].position(of: "d") == Position(line: 6, column: 1))
        }
    }

    @Test func `columns count characters`() {
        let result = parse("a: {é: 1, 😀: 2, b: [x, y]}")
        #expect(result.documents[0].position(of: "a.b") == Position(line: 1, column: 17))
        let json = parse(#"{"é😀": 1, "b": 2}"#)
        #expect(json.documents[0].position(of: "b") == Position(line: 1, column: 11))
    }

    @Test func `byte order marks and UTF-16 are understood`() {
        let text = "a: é😀\nb: 1\n"
        let units = Array(text.utf16)
        let little: [UInt8] = [0xff, 0xfe] + units.flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] }
        let big: [UInt8] = [0xfe, 0xff] + units.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xff)] }
        for bytes in [[0xef, 0xbb, 0xbf] + Array(text.utf8), little, big] {
            let result = parse(bytes: bytes)
            #expect(result.diagnostics.isEmpty)
            #expect(result.documents == [.mapping(["a": .string("é😀"), "b": .integer(1)])])
            #expect(result.documents.first?.position(of: "b") == Position(line: 2, column: 1))
        }
        #expect(summary(parse(bytes: Array(little.dropLast())).diagnostics) == ["2:5 CAN0002 error"])
        #expect(summary(parse(bytes: [0xff, 0xfe, 0x61, 0, 0, 0xd8]).diagnostics) == ["1:2 CAN0002 error"])
        #expect(summary(parse(bytes: Array(little.dropFirst(2))).diagnostics) == ["1:2 CAN0002 error"])
    }

    @Test(
        arguments: [
            ([0xff], "1:4"), ([0xc3], "1:4"), ([0xc0, 0x80], "1:4"), ([0xed, 0xa0, 0x80], "1:4"),
            ([0xf4, 0x90, 0x80, 0x80], "1:4"), ([0], "1:4"), ([0x1b], "1:4"), ([0x7f], "1:4"),
            ([0xc2, 0x9b], "1:4"),
            ([0xef, 0xbb, 0xbf], "1:4"), ([0xc3, 0xa9, 0x0a, 0x20, 0x80], "2:2"),
        ] as [([UInt8], String)]
    )
    func `bytes that are no text are found in every document`(bytes: [UInt8], place: String) {
        let bad = Array("a: ".utf8) + bytes
        #expect(summary(parse(bytes: bad).diagnostics) == ["\(place) CAN0002 error"])
        let around = parse(bytes: Array("x: 1\n---\ny: [\n---\n".utf8) + bad + Array("\n---\nz: 2\n".utf8))
        #expect(around.documents.map { $0.mapping?.entries.first?.key } == ["x", "z"])
        #expect(around.diagnostics.map(\.code) == [ManifestCodes.syntax, ManifestCodes.encoding])
    }

    @Test func `truncated text never crashes`() {
        let text = Array(
            """
            apiVersion: v1
            kind: "Ser\\u0076ice"
            metadata: {name: &n 'x', labels: {é: !!str *n}}
            ? |
              literal
            : >-
              folded
            ---
            - [a, {b: c}]
            """.utf8
        )
        for count in 0...text.count {
            _ = read(String(decoding: text.prefix(count), as: UTF8.self))
            _ = parse(bytes: Array(text.prefix(count)))
            _ = parse(bytes: Array(text.suffix(count)))
        }
    }

    @Test func `limits hold for all sources together`() {
        var limits = ManifestLimits()
        limits.depth = 3
        #expect(summary(parse("a: [[{}]]", limits: limits).diagnostics) == ["1:6 CAN0011 error"])
        #expect(summary(parse(#"{"a": [[{}]]}"#, limits: limits).diagnostics).count == 1)
        limits.scalarBytes = 3
        #expect(summary(parse("a: abcd", limits: limits).diagnostics) == ["1:4 CAN0011 error"])
        limits.documents = 2
        #expect(
            summary(parse("a: 1\n---\nb: 1\n---\nc: 1", limits: limits).diagnostics) == ["4:1 CAN0011 error"]
        )
        limits.nodes = 2
        #expect(summary(parse("a: 1\n---\nb: 1\n", limits: limits).diagnostics) == ["3:4 CAN0011 error"])
        limits.bytes = 4
        #expect(parse("a: 12", limits: limits).diagnostics.map(\.code) == [ManifestCodes.limit])
        limits = ManifestLimits()
        limits.findings = 5
        let many = parse(String(repeating: "a: @\n---\n", count: 20), limits: limits)
        #expect(many.diagnostics.count == 7)
    }

    @Test func `brackets without end are refused early`() {
        for bracket in ["[", "{", "- ", "? ", "{a: ", "!!x ", "&a ", "[*a,"] {
            let result = parse(String(repeating: bracket, count: 100_000))
            #expect(!result.diagnostics.isEmpty)
        }
    }

    @Test func `JSON that is none says so at its place`() {
        #expect(summary(parse("{\n  \"a\": 1\n  \"b\": 2\n}\n").diagnostics) == ["3:3 CAN0001 error"])
        #expect(parse("{a: b, c: [d]}").documents.count == 1)
        #expect(parse("{\"a\": 1}\n---\nb: 2\n").documents.count == 2)
    }
}
