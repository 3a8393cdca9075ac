// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// What the manual says about one rule.
struct RulePage {
    var section: String
    var code: RuleCode
    var level: String
    var paragraphs: [Substring] = []

    /// All pages, in the order of the manual.
    static var all: [RulePage] {
        var pages: [RulePage] = []
        var section = ""
        for line in RuleTexts.table.split(separator: "\n") {
            let words = line.split(separator: " ")
            if line.hasPrefix("= ") {
                section = String(line.dropFirst(2))
            } else if line.hasPrefix("- CAN"), words.count == 4 {
                let code = RuleCode(String(words[1]), istio: words[2] == "-" ? nil : String(words[2]))
                pages.append(RulePage(section: section, code: code, level: String(words[3])))
            } else if !pages.isEmpty {
                pages[pages.count - 1].paragraphs.append(line)
            }
        }
        return pages
    }

    /// The pages of rules that have one of these codes, ours or Istio's, in any case.
    static func pages(_ codes: some Sequence<String>) throws -> [RulePage] {
        let all = all
        return try codes.flatMap { code in
            let wanted = code.uppercased()
            let found = all.filter { $0.code.canary == wanted || $0.code.istio == wanted }
            guard found.isEmpty else { return found }
            let known = all.flatMap { [$0.code.canary, $0.code.istio].compactMap(\.self) }
            throw CommandError.wrongUsage(
                "no rule \"\(code)\"",
                hint: Suggestion.closest(to: code, among: known).map {
                    "did you mean \"\($0)\"? canaryctl help rule lists all"
                }
                    ?? "canaryctl help rule lists all codes"
            )
        }
    }

    func text(columns: Int, _ style: Style) -> String {
        let title = [code.canary, code.istio].compactMap(\.self).joined(separator: " ")
        let body = paragraphs.map { WrappedText.lines($0, columns: columns, indent: 2) }
        return style.bold("\(title), \(level)") + "\n"
            + body.map { $0.joined(separator: "\n") + "\n" }.joined(separator: "\n")
    }

    /// A line or two about each rule, by sections.
    static func index(columns: Int) -> String {
        var text = ""
        var section = ""
        for page in all {
            if page.section != section {
                section = page.section
                text += text.isEmpty ? "\(section)\n" : "\n\(section)\n"
            }
            let head =
                "  \(page.code.canary) \((page.code.istio ?? "").padded(to: 7))  \(page.level.padded(to: 11))  "
            let lines = WrappedText.lines(page.title, columns: columns, indent: head.count)
            text += head + lines.joined(separator: "\n").dropFirst(head.count) + "\n"
        }
        return text
    }

    /// The first sentence.
    var title: Substring {
        let text = paragraphs.first ?? ""
        return text.firstRange(of: ". ").map { text[..<$0.lowerBound] }
            ?? text.dropLast(text.hasSuffix(".") ? 1 : 0)
    }
}
