// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// The difference of two texts in unified form, as diff(1) -u writes it.
enum UnifiedDiff {
    private enum Line {
        case same(String)
        case removed(String)
        case added(String)
    }

    /// Empty where the texts are equal. `context` lines are shown around each change.
    static func text(from old: String, to new: String, oldName: String, newName: String, context: Int = 3)
        -> String
    {
        guard !old.hasSameBytes(as: new) else { return "" }
        let lines = merged(lines(of: old), lines(of: new))
        var result = "--- \(oldName)\n+++ \(newName)\n"
        var before = (old: 0, new: 0)
        var end = 0
        for hunk in hunks(lines, context) {
            let gap = counts(lines[end..<hunk.lowerBound])
            let within = counts(lines[hunk])
            before = (before.old + gap.old, before.new + gap.new)
            result += "@@ -\(span(before.old, within.old)) +\(span(before.new, within.new)) @@\n"
            result += text(of: lines[hunk])
            before = (before.old + within.old, before.new + within.new)
            end = hunk.upperBound
        }
        return result
    }

    private static func lines(of text: String) -> [String] {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if lines.last == "" {
            lines.removeLast()
        } else if let last = lines.popLast() {
            lines.append(last + "\n\\ No newline at end of file")
        }
        return lines
    }

    private static func merged(_ old: [String], _ new: [String]) -> [Line] {
        let difference = LineDifference(from: old, to: new)
        var result: [Line] = []
        var (oldIndex, newIndex) = (0, 0)
        while oldIndex < old.count || newIndex < new.count {
            if oldIndex < old.count, difference.removed[oldIndex] {
                result.append(.removed(old[oldIndex]))
                oldIndex += 1
            } else if newIndex < new.count, difference.added[newIndex] {
                result.append(.added(new[newIndex]))
                newIndex += 1
            } else {
                result.append(.same(old[oldIndex]))
                oldIndex += 1
                newIndex += 1
            }
        }
        return result
    }

    /// Runs of lines around changes; runs that touch are one.
    private static func hunks(_ lines: [Line], _ context: Int) -> [Range<Int>] {
        var hunks: [Range<Int>] = []
        for (index, line) in lines.enumerated() {
            if case .same = line { continue }
            let range = max(0, index - context)..<min(lines.count, index + context + 1)
            if let last = hunks.last, last.upperBound >= range.lowerBound {
                hunks[hunks.count - 1] = last.lowerBound..<range.upperBound
            } else {
                hunks.append(range)
            }
        }
        return hunks
    }

    private static func text(of lines: ArraySlice<Line>) -> String {
        var text = ""
        for line in lines {
            switch line {
            case .same(let content): text += " \(content)\n"
            case .removed(let content): text += "-\(content)\n"
            case .added(let content): text += "+\(content)\n"
            }
        }
        return text
    }

    /// `12,5`, or `12` for a line alone; an empty run is named by the line before it.
    private static func span(_ before: Int, _ count: Int) -> String {
        if count == 1 { return "\(before + 1)" }
        return "\(count == 0 ? before : before + 1),\(count)"
    }

    private static func counts(_ lines: ArraySlice<Line>) -> (old: Int, new: Int) {
        lines.reduce(into: (0, 0)) { counts, line in
            switch line {
            case .same: counts = (counts.0 + 1, counts.1 + 1)
            case .removed: counts.0 += 1
            case .added: counts.1 += 1
            }
        }
    }
}
