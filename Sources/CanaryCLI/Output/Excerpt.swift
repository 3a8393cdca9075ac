// SPDX-License-Identifier: Apache-2.0

import CanaryManifests
import CanaryResources

/// The line that a finding is about, cut to the terminal's width, with a mark under the place.
///
///       12 |         weigth: 90
///          |         ^~~~~~
struct Excerpt {
    private let number: String
    private let text: String
    private let indent: Int
    private let markWidth: Int

    /// `nil` where there is nothing to see.
    init?(_ line: ManifestLines.Line, number: UInt32, columns: Int) {
        let before = line.before.unicodeScalars.map(TerminalCell.init)
        let after = line.after.unicodeScalars.map(TerminalCell.init)
        guard (before + after).contains(where: { !$0.isBlank }) else { return nil }
        self.number = String(number)
        let room = max(columns - self.number.count - Self.frameWidth, 20)
        let marked = max(1, after.prefix(Self.tokenLength(line.after.unicodeScalars)).width)
        let isWhole = !line.isCutBefore && !line.isCutAfter && before.width + after.width <= room
        // Signs of what was cut off take a column at either end.
        let reach = isWhole ? room : room - 2
        let isNear = !line.isCutBefore && before.width + min(marked, reach / 3) <= reach
        let head = isNear ? before[...] : before.suffix(fitting: reach / 3)
        let tail = after.prefix(fitting: reach - head.width)
        let isCutBefore = line.isCutBefore || head.count < before.count
        let isCutAfter = line.isCutAfter || tail.count < after.count
        text = "\(isCutBefore ? "…" : "")\(head.text)\(tail.text)\(isCutAfter ? "…" : "")"
        indent = head.width + (isCutBefore ? 1 : 0)
        markWidth = max(1, min(marked, tail.width))
    }

    func lines(_ severity: Severity, _ style: Style) -> [String] {
        let mark = "^" + String(repeating: "~", count: markWidth - 1)
        let margin = String(repeating: " ", count: number.count)
        let blanks = String(repeating: " ", count: indent)
        return [
            "\(style.faint("  \(number) |")) \(text)",
            "\(style.faint("  \(margin) |")) \(blanks)\(style.mark(mark, severity))",
        ]
    }

    /// The blanks and the bar beside the line's number.
    private static let frameWidth = 5

    /// How many characters the key or value has that begins here; 1 for the punctuation of lists and mappings.
    private static func tokenLength(_ text: String.UnicodeScalarView) -> Int {
        guard let first = text.first, !"-[]{},#|>&*!?".unicodeScalars.contains(first) else { return 1 }
        if first == "\"" || first == "'" {
            return text.dropFirst().firstIndex(of: first).map { text[...$0].count } ?? text.count
        }
        var length = 0
        var rest = text[...]
        while let scalar = rest.popFirst(), !" \t,]}".unicodeScalars.contains(scalar) {
            if scalar == ":", rest.first.map({ $0 == " " || $0 == "\t" }) ?? true { break }
            length += 1
        }
        return max(1, length)
    }
}

extension Collection<TerminalCell> {
    fileprivate var width: Int { reduce(0) { $0 + $1.width } }

    fileprivate var text: String { map(\.text).joined() }

    /// As many cells from the start as have room in a number of columns.
    fileprivate func prefix(fitting columns: Int) -> SubSequence {
        var left = columns
        return prefix { cell in
            left -= cell.width
            return left >= 0
        }
    }
}

extension [TerminalCell] {
    /// As many cells from the end as have room in a number of columns.
    fileprivate func suffix(fitting columns: Int) -> SubSequence {
        suffix(reversed().prefix(fitting: columns).count)
    }
}
