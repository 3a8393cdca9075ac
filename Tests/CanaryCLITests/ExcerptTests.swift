// SPDX-License-Identifier: Apache-2.0

import CanaryManifests
import CanaryResources
import CanaryTestSupport
import Testing

@testable import CanaryCLI

@Suite struct ExcerptTests {
    private static func lines(_ text: String, column: UInt32, columns: Int) -> [String] {
        var lines = ManifestLines(ManifestSource(name: "a", text: text))
        let line = lines.line(around: Position(line: 1, column: column), reach: columns)
        return Excerpt(line, number: 1, columns: columns)?.lines(.error, .plain) ?? []
    }

    @Test(
        arguments: [
            ("a: b", 1, "^"), ("weigth: 90", 1, "^~~~~~"), ("a: \"b c\", d", 4, "^~~~~"), ("- a", 1, "^"),
            ("{a: b}", 2, "^"), ("[abc, d]", 2, "^~~"), ("a:b: c", 1, "^~~"), ("x: 'it''s'", 4, "^~~~"),
            ("a: b", 5, "^"), ("\"a", 1, "^~"),
        ]
    )
    func `the mark is as long as the key or value`(_ text: String, _ column: UInt32, _ mark: String) {
        let blanks = String(repeating: " ", count: Int(column) - 1)
        #expect(Self.lines(text, column: column, columns: 80) == ["  1 | \(text)", "    | \(blanks)\(mark)"])
    }

    @Test func `a blank line has no excerpt`() {
        #expect(Self.lines("", column: 1, columns: 80) == [])
        #expect(Self.lines(" \t ", column: 3, columns: 80) == [])
    }

    /// The mark stands under the place, whatever stands before it, and nothing runs over the edge.
    @Test func `any line fits, and the mark is under its place`() throws {
        var random = SeededGenerator(seed: 1)
        let alphabet = Array("ab: \t{\"日😀é\u{301}\u{1B}\u{200B}\u{7F}".unicodeScalars)
        for _ in 0..<2000 {
            let before = (0..<Int.random(in: 0...60, using: &random)).compactMap { _ in
                alphabet.randomElement(using: &random)
            }
            let after = (0..<Int.random(in: 0...60, using: &random)).compactMap { _ in
                alphabet.randomElement(using: &random)
            }
            let columns = Int.random(in: 26...60, using: &random)
            var text = String.UnicodeScalarView()
            text.append(contentsOf: before + ["#"] + after)
            let shown = Self.lines(String(text), column: UInt32(before.count + 1), columns: columns)
            try #require(shown.count == 2)
            #expect(shown.allSatisfy { Self.width($0) <= columns }, "\(String(text).debugDescription)")
            let place = try #require(shown[1].firstIndex(of: "^"))
            let indent = shown[1][..<place].count
            #expect(Self.character(of: shown[0], at: indent) == "#", "\(String(text).debugDescription)")
        }
    }

    private static func width(_ text: String) -> Int {
        text.unicodeScalars.reduce(0) { $0 + TerminalCell($1).width }
    }

    /// What a terminal shows at a column.
    private static func character(of text: String, at column: Int) -> Unicode.Scalar? {
        var left = column
        for scalar in text.unicodeScalars {
            let width = TerminalCell(scalar).width
            if left < width { return scalar }
            left -= width
        }
        return nil
    }
}
