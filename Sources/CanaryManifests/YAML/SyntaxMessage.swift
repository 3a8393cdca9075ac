// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// The sentences about a literal `...`.
enum ElisionText {
    static let message = "\"...\" stands for fields that were left out, and is no manifest"
    static let hint = "remove the line \"...\", or write the fields that it stands for"
}

/// What a person can do about text that libyaml cannot read.
///
/// libyaml says where it gave up, which is often a line after the fault; this says where the fault is.
struct SyntaxMessage {
    var code = ManifestCodes.syntax
    var text: String
    var hint: String
    /// Counted from 0, relative to the start of the text that libyaml read.
    var line: Int
    var column: Int

    init(_ failure: SyntaxFailure, _ lines: FailureLines) {
        self.init("", "check the indentation and the quotes here and in the line before", failure.mark)
        guard !failure.isOutOfMemory else {
            (text, hint) = ("the text needs more memory than there is", "read it in pieces")
            return
        }
        if let found = Self.copiedAlong(failure, lines) {
            self = found
        } else if let found = Self.tab(failure, lines) {
            self = found
        } else if let found = Self.misplaced(failure, lines) ?? Self.unfinished(failure, lines) {
            self = found
        } else if let found = Self.badCharacter(failure, lines) {
            self = found
        } else {
            let context = failure.context.isEmpty ? "" : " \(failure.context)"
            text = "this is not YAML: \(failure.problem)\(context)"
        }
    }

    private init(_ text: String, _ hint: String, _ mark: Mark) {
        self.text = text
        self.hint = hint
        line = mark.line
        column = mark.column
    }

    // MARK: - Copied along

    /// `cat <<EOF | …`, `EOF` and Markdown fences around the manifest.
    private static func copiedAlong(_ failure: SyntaxFailure, _ lines: FailureLines) -> SyntaxMessage? {
        let places =
            [lines.documentLine, lines.documentLine + 1, failure.mark.line] + lines.contextLine(failure)
        for line in places {
            let text = lines.text(line)
            let what: String
            if text.hasPrefix("cat <<") || text.hasPrefix("$ ") {
                what = "a shell command"
            } else if text == "EOF" {
                what = "the end of a shell here-document"
            } else if text.hasPrefix("```") {
                what = "a Markdown fence"
            } else {
                continue
            }
            var message = SyntaxMessage(
                "\"\(text.prefix(60))\" is \(what), and no part of the manifest",
                "remove the line",
                failure.mark
            )
            message.code = ManifestCodes.copiedAlong
            message.line = line
            message.column = 0
            return message
        }
        return nil
    }

    // MARK: - Indentation

    private static func tab(_ failure: SyntaxFailure, _ lines: FailureLines) -> SyntaxMessage? {
        let prefix = lines.text(failure.mark.line, trimmed: false).prefix(failure.mark.column + 1)
        let isIndentation = prefix.last == "\t" && prefix.allSatisfy { $0 == " " || $0 == "\t" }
        guard isIndentation || failure.problem.contains("tab character") else { return nil }
        var message = SyntaxMessage(
            "a tab cannot indent a line in YAML",
            "indent with spaces",
            failure.mark
        )
        message.code = ManifestCodes.tab
        return message
    }

    private static func misplaced(_ failure: SyntaxFailure, _ lines: FailureLines) -> SyntaxMessage? {
        let origin = "line \(lines.number(failure.contextMark.line))"
        switch failure.problem {
        case "mapping values are not allowed in this context":
            return SyntaxMessage(
                "a \":\" cannot stand here: the value before it would have a key and a value of its own",
                "put the key on a line of its own, align it with its neighbours, or quote a text with \": \"",
                failure.mark
            )
        case "did not find expected key":
            return SyntaxMessage(
                "this does not continue the mapping that begins at \(origin)",
                "align the keys of a mapping in one column\(lines.columnAdvice(failure))",
                failure.mark
            )
        case "did not find expected '-' indicator":
            return SyntaxMessage(
                "this does not continue the list that begins at \(origin)",
                "begin every item of a list with \"- \" in the same column\(lines.columnAdvice(failure))",
                failure.mark
            )
        case "block sequence entries are not allowed in this context":
            return SyntaxMessage(
                "a list cannot begin here",
                "put the first \"- \" on a line of its own, below the key",
                failure.mark
            )
        case "could not find expected ':'":
            let text = lines.text(failure.contextMark.line).prefix(60)
            return SyntaxMessage(
                "\"\(text)\" lacks the \":\" of a key",
                "write \"key: value\"",
                failure.contextMark
            )
        case "did not find expected <document start>":
            return SyntaxMessage(
                "the document ended before this",
                "separate documents by a line \"---\"",
                failure.mark
            )
        default: return nil
        }
    }

    // MARK: - Unfinished

    private static func unfinished(_ failure: SyntaxFailure, _ lines: FailureLines) -> SyntaxMessage? {
        if failure.context.hasSuffix("quoted scalar"), failure.problem.hasPrefix("found unexpected") {
            return SyntaxMessage(
                "the quoted text that begins here never ends",
                "close the quote",
                failure.contextMark
            )
        }
        guard failure.context.hasPrefix("while parsing a flow") else { return nil }
        let rest = lines.text(failure.mark.line, trimmed: false).dropFirst(failure.mark.column)
        if rest.first == ":", rest.dropFirst().first.map({ $0 != " " }) ?? false {
            let word = rest.prefix { !" ,[]{}".contains($0) }.prefix(60)
            return SyntaxMessage(
                "a value cannot begin with \":\" in a list or mapping of one line",
                "quote it: \"\(word)\"",
                failure.mark
            )
        }
        let what = failure.context.hasSuffix("sequence") ? ("list", "]") : ("mapping", "}")
        return SyntaxMessage(
            "a \",\" or \"\(what.1)\" should be here, to go on with the \(what.0) that begins at "
                + "line \(lines.number(failure.contextMark.line)), column \(failure.contextMark.column + 1)",
            "write it, or quote a text with \",\", \"[\", \"]\", \"{\" or \"}\" in it",
            failure.mark
        )
    }

    // MARK: - Characters

    private static func badCharacter(_ failure: SyntaxFailure, _ lines: FailureLines) -> SyntaxMessage? {
        switch failure.problem {
        case "found character that cannot start any token":
            let letter = lines.text(failure.mark.line, trimmed: false).dropFirst(failure.mark.column).first
            return SyntaxMessage(
                "a value cannot begin with \"\(letter.map(String.init) ?? "")\"",
                "quote the value",
                failure.mark
            )
        case "found unexpected ':'":
            return SyntaxMessage(
                "a \":\" cannot end a value in a list or mapping of one line",
                "quote the value",
                failure.mark
            )
        case "found unknown escape character":
            return SyntaxMessage(
                "YAML does not know this escape in a text in double quotes",
                "write \"\\\\\" for a backslash, or use single quotes",
                failure.mark
            )
        case "found undefined tag handle":
            return SyntaxMessage(
                "the tag that begins here is not declared",
                "leave the tag out, or quote the value",
                failure.mark
            )
        case "did not find expected alphabetic or numeric character":
            return SyntaxMessage(
                "an alias or anchor needs a name behind \"*\" or \"&\"",
                "quote a text that begins so",
                failure.contextMark
            )
        default: return nil
        }
    }
}

/// The lines around a failure.
struct FailureLines {
    let scan: TextScan
    /// Where the text that libyaml read begins, and the line's number there, from 0.
    let start: Int
    let firstLine: Int
    /// The line, relative to `start`, at which the document begins.
    let documentLine: Int

    func text(_ line: Int, trimmed: Bool = true) -> String {
        let text = scan.text(ofLineAt: scan.line(line, after: start))
        guard trimmed else { return text }
        let body = text.drop { $0 == " " || $0 == "\t" }
        let end = body.reversed().drop { $0 == " " || $0 == "\t" }
        return String(end.reversed())
    }

    func number(_ line: Int) -> Int { firstLine + line + 1 }

    func contextLine(_ failure: SyntaxFailure) -> [Int] {
        failure.context.isEmpty ? [] : [failure.contextMark.line]
    }

    func columnAdvice(_ failure: SyntaxFailure) -> String {
        let (wanted, found) = (failure.contextMark.column + 1, failure.mark.column + 1)
        return wanted == found ? "" : ": column \(wanted), not \(found)"
    }

    /// The line of a literal `...` that made libyaml give up, and its column.
    ///
    /// libyaml takes it for a key, and misses the `:` when the next line begins.
    func elision(_ failure: SyntaxFailure) -> (line: Int, column: Int, length: Int)? {
        let before = max(failure.mark.line - 3, documentLine)
        let around = before <= failure.mark.line ? Array((before...failure.mark.line).reversed()) : []
        for line in contextLine(failure) + around where line >= documentLine {
            let text = text(line)
            guard text == "..." || text == "…" else { continue }
            let column = self.text(line, trimmed: false).prefix { $0 == " " || $0 == "\t" }.count
            return (line, column, text.utf8.count)
        }
        return nil
    }
}
