// SPDX-License-Identifier: Apache-2.0

import CanaryManifests
import CanaryResources
import Testing

@Suite struct ManifestLinesTests {
    private static func lines(_ text: String) -> ManifestLines {
        ManifestLines(ManifestSource(name: "a.yaml", text: text))
    }

    /// The line with `|` at the place, and `…` where it goes on.
    private static func shown(_ line: ManifestLines.Line) -> String {
        "\(line.isCutBefore ? "…" : "")\(line.before)|\(line.after)\(line.isCutAfter ? "…" : "")"
    }

    private static func shown(_ lines: inout ManifestLines, _ line: UInt32, _ column: UInt32, reach: Int = 80)
        -> String
    {
        shown(lines.line(around: Position(line: line, column: column), reach: reach))
    }

    @Test func `places are found in any order`() {
        var lines = Self.lines("a: 1\nbb: 2\n\nccc: 3")
        #expect(Self.shown(&lines, 2, 1) == "|bb: 2")
        #expect(Self.shown(&lines, 2, 5) == "bb: |2")
        #expect(Self.shown(&lines, 2, 2) == "b|b: 2")
        #expect(Self.shown(&lines, 4, 3) == "cc|c: 3")
        #expect(Self.shown(&lines, 1, 4) == "a: |1")
    }

    @Test func `columns count characters`() {
        var lines = Self.lines("é: 日本\n😀: x")
        #expect(Self.shown(&lines, 1, 4) == "é: |日本")
        #expect(Self.shown(&lines, 2, 4) == "😀: |x")
    }

    @Test func `a long line is cut on both sides`() {
        var lines = Self.lines(String(repeating: "é", count: 100) + "x" + String(repeating: "ü", count: 100))
        #expect(Self.shown(&lines, 1, 101, reach: 3) == "…ééé|xüü…")
        #expect(Self.shown(&lines, 1, 2, reach: 3) == "é|ééé…")
        #expect(Self.shown(&lines, 1, 200, reach: 3) == "…üüü|üü")
    }

    @Test func `a place behind the end stands for the end`() {
        var lines = Self.lines("a: 1\r\nb: 2")
        #expect(Self.shown(&lines, 1, 99) == "a: 1|")
        #expect(Self.shown(&lines, 2, 99) == "b: 2|")
        #expect(Self.shown(&lines, 99, 1) == "|")
        var empty = Self.lines("")
        #expect(Self.shown(&empty, 1, 1) == "|")
    }

    @Test func `byte order marks do not count`() {
        var utf8 = Self.lines("\u{FEFF}a: 1")
        #expect(Self.shown(&utf8, 1, 1) == "|a: 1")
        let units = Array("\u{FEFF}ä: 1\nb: 2".utf16)
        var utf16 = ManifestLines(
            ManifestSource(name: "a", bytes: units.flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] })
        )
        #expect(Self.shown(&utf16, 1, 4) == "ä: |1")
        #expect(Self.shown(&utf16, 2, 1) == "|b: 2")
    }

    @Test func `bytes that are no text are replaced`() {
        var lines = ManifestLines(ManifestSource(name: "a", bytes: [0x61, 0xff, 0x62, 0x0a, 0x80]))
        #expect(Self.shown(&lines, 1, 2) == "a|\u{FFFD}b")
        #expect(Self.shown(&lines, 2, 1) == "|\u{FFFD}")
    }
}
