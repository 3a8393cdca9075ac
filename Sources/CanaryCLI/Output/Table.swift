// SPDX-License-Identifier: Apache-2.0

/// A table in kubectl's form: upper-case titles, three blanks between columns, none at the end of a line.
struct Table {
    private(set) var rows: [[String]]

    init(titles: [String]) {
        rows = [titles]
    }

    mutating func add(_ cells: [String]) {
        rows.append(cells.map(TerminalText.escape))
    }

    /// The table with one more column in front, at least so wide, which has the same cell in every row.
    func prefixed(title: String, width: Int, _ cell: String) -> Table {
        var table = self
        table.rows = rows.enumerated().map { index, row in
            [(index == 0 ? title : cell).padded(to: width)] + row
        }
        return table
    }

    var isEmpty: Bool { rows.count == 1 }

    var text: String {
        let widths = (rows.first ?? []).indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = row.enumerated().map { index, cell in
                index == row.count - 1 ? cell : cell.padded(to: widths[index] + 3)
            }
            return Self.trimmingEnd(cells.joined()) + "\n"
        }.joined()
    }

    /// The rows alone, in columns as wide as the titles ask for.
    var textWithoutTitles: String {
        text.split(separator: "\n", maxSplits: 1).last.map(String.init) ?? ""
    }

    private static func trimmingEnd(_ line: String) -> String {
        String(line.reversed().drop { $0 == " " }.reversed())
    }
}
