// SPDX-License-Identifier: Apache-2.0

/// Text broken into lines at its blanks.
enum WrappedText {
    /// Lines of at most a number of columns, each indented; a word that is longer has a line of its own.
    static func lines(_ text: Substring, columns: Int, indent: Int) -> [String] {
        let margin = String(repeating: " ", count: indent)
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty, indent + line.count + 1 + word.count > columns {
                lines.append(margin + line)
                line = ""
            }
            line += line.isEmpty ? word : " \(word)"
        }
        return line.isEmpty ? lines : lines + [margin + line]
    }
}
