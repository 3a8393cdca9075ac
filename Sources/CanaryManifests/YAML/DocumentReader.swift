// SPDX-License-Identifier: Apache-2.0

import CLibYAML
import CanaryResources

/// Reads the documents of one text by libyaml, and goes on behind a document that it cannot read.
///
/// After a fault it starts afresh at the next `---` line, so that one run shows the faults of all documents. A literal
/// `...` is blanked out and its document read again, since tutorials have several of them in a row.
struct DocumentReader {
    private var text: [UInt8]
    private var composer: Composer
    private let documentLimit: Int
    private var start = 0
    /// The line of the file, from 0, at which `start` lies.
    private var line: Int
    private var repairs = 0
    /// How often colons were hidden in the document that begins at a place.
    private var colonRepairs = (document: -1, count: 0)
    /// How many findings there were before the document that is read.
    private var earlierFindings = 0
    private var isStopped = false

    var diagnostics: [Diagnostic] { composer.diagnostics }
    var nodeCount: Int { composer.nodeCount }
    var aliasBytes: Int { composer.aliasBytes }
    private(set) var documentCount = 0

    private static let repairLimit = 16

    /// `firstLine` is the line of the file, from 0, that the text begins with.
    init(text: [UInt8], firstLine: Int, composer: Composer, documentLimit: Int) {
        self.text = text
        line = firstLine
        self.composer = composer
        self.documentLimit = documentLimit
    }

    private func scan<Result>(_ body: (TextScan) -> Result) -> Result {
        unsafe text.withUnsafeBufferPointer { unsafe body(TextScan($0)) }
    }

    /// Calls `body` with every document that can be read and is not empty.
    mutating func read(_ body: (Node) -> Void) {
        while start < text.count, !isStopped {
            let found = scan { $0.firstFlaw(from: start) }
            let end = found.map { flaw in
                scan { $0.documentStart(before: flaw.offset, notBefore: start) }
            }
            readDocuments(upTo: end ?? text.count, body)
            guard !isStopped, let found else { continue }
            report(found.flaw, at: found.offset)
            advance(to: scan { $0.documentStart(from: $0.nextLine(after: found.offset)) })
        }
    }

    private mutating func readDocuments(upTo end: Int, _ body: (Node) -> Void) {
        while start < end, !isStopped {
            readRest(upTo: end, body)
            if composer.diagnostics.count > composer.limits.findings { stopAfterTooMany() }
        }
    }

    private mutating func readRest(upTo end: Int, _ body: (Node) -> Void) {
        composer.firstLine = line
        var documentLine: Int?
        do throws(YAMLProblem) {
            try pass(upTo: end, documentLine: &documentLine, body)
            advance(to: end)
        } catch {
            recover(from: error, documentLine)
        }
    }

    /// One run of libyaml over the text from `start` to `end`.
    private mutating func pass(
        upTo end: Int,
        documentLine: inout Int?,
        _ body: (Node) -> Void
    ) throws(YAMLProblem) {
        if colonRepairs.document != start { composer.colons = nil }
        let text = self.text
        let range = start..<end
        var isDone = false
        unsafe try text.withUnsafeBufferPointer { buffer throws(YAMLProblem) in
            guard let stream = unsafe EventStream(UnsafeBufferPointer(rebasing: buffer[range])) else {
                throw .stop(
                    ManifestCodes.limit,
                    "the text needs more memory than there is",
                    hint: "read it in pieces",
                    .zero
                )
            }
            while !isDone {
                unsafe try stream.next { event throws(YAMLProblem) in
                    isDone = unsafe try take(event, &documentLine, body)
                }
            }
        }
    }

    /// Whether the event was the last.
    @inline(__always)
    private mutating func take(
        _ event: borrowing yaml_event_t,
        _ documentLine: inout Int?,
        _ body: (Node) -> Void
    ) throws(YAMLProblem) -> Bool {
        switch unsafe event.type {
        case YAML_STREAM_START_EVENT: break
        case YAML_STREAM_END_EVENT: return true
        case YAML_DOCUMENT_START_EVENT:
            documentLine = unsafe Int(event.start_mark.line)
            documentCount += 1
            guard documentCount <= documentLimit else {
                throw .stop(
                    ManifestCodes.limit,
                    "there are more than \(composer.limits.documents) documents",
                    hint: "read them in several runs",
                    unsafe Mark(event.start_mark)
                )
            }
            composer.beginDocument()
            earlierFindings = composer.diagnostics.count
        case YAML_DOCUMENT_END_EVENT:
            if let document = composer.takeDocument(), !document.isNull { body(document) }
        default: unsafe try composer.add(event)
        }
        return false
    }

    // MARK: - Going on after a fault

    private mutating func recover(from problem: YAMLProblem, _ documentLine: Int?) {
        composer.beginDocument()
        switch problem {
        case .syntax(let failure):
            if repair(failure, documentLine) || hideColons(failure, documentLine) { return }
            report(failure, documentLine)
        case .meaning(let code, let message, let hint, let mark):
            report(code, message, hint, mark.line, mark.column)
        case .stop(let code, let message, let hint, let mark):
            report(code, message, hint, mark.line, mark.column)
            isStopped = true
        }
        let faultLine = problem.mark.line
        let next = scan { scan in
            let begun = documentLine.map { scan.line($0, after: start) } ?? start
            let next = scan.documentStart(from: scan.line(faultLine, after: start))
            return next > begun ? next : scan.documentStart(from: scan.nextLine(after: begun))
        }
        advance(to: next)
    }

    private func lines(_ scan: TextScan, _ documentLine: Int?) -> FailureLines {
        FailureLines(scan: scan, start: start, firstLine: line, documentLine: documentLine ?? 0)
    }

    /// Blanks out a literal `...`, so that the document can be read again.
    private mutating func repair(_ failure: SyntaxFailure, _ documentLine: Int?) -> Bool {
        guard repairs < Self.repairLimit,
            let found = scan({ lines($0, documentLine).elision(failure) })
        else { return false }
        repairs += 1
        report(ManifestCodes.elision, ElisionText.message, ElisionText.hint, found.line, found.column)
        let place = scan { $0.line(found.line, after: start) } + found.column
        for index in place..<place + found.length { text[index] = UInt8(ascii: " ") }
        advance(to: scan { $0.line(documentLine ?? 0, after: start) })
        return true
    }

    /// Hides colons that libyaml does not take, so that the document can be read again.
    private mutating func hideColons(_ failure: SyntaxFailure, _ documentLine: Int?) -> Bool {
        guard failure.problem == "found unexpected ':'", let documentLine else { return false }
        let (start, mark) = (start, failure.mark)
        let (document, place, lines) = scan { scan in
            let begin = scan.line(documentLine, after: start)
            let end = scan.documentStart(from: scan.nextLine(after: begin))
            let line = scan.line(mark.line, after: start)
            return (
                begin..<end, scan.offset(ofColumn: mark.column, onLineAt: line),
                scan.lines(from: begin, to: end)
            )
        }
        if colonRepairs.document != document.lowerBound { colonRepairs = (document.lowerBound, 0) }
        guard colonRepairs.count < Self.repairLimit else { return false }
        let hidden = HiddenColons(
            at: place,
            in: document,
            lines: 0..<lines + 1,
            of: &text,
            with: colonRepairs.count > 0 ? composer.colons?.standIn : nil
        )
        guard let hidden else { return false }
        colonRepairs.count += 1
        composer.colons = hidden
        composer.diagnostics.removeSubrange(min(earlierFindings, composer.diagnostics.count)...)
        advance(to: document.lowerBound)
        return true
    }

    private mutating func report(_ failure: SyntaxFailure, _ documentLine: Int?) {
        let message = scan { SyntaxMessage(failure, lines($0, documentLine)) }
        report(message.code, message.text, message.hint, message.line, message.column)
    }

    private mutating func report(_ flaw: TextScan.Flaw, at offset: Int) {
        let (lines, column) = scan { scan in
            let lines = scan.lines(from: start, to: offset)
            return (lines, scan.column(of: offset, onLineAt: scan.line(lines, after: start)))
        }
        report(ManifestCodes.encoding, flaw.message, flaw.hint, lines, column)
    }

    private mutating func report(
        _ code: RuleCode,
        _ message: String,
        _ hint: String,
        _ relativeLine: Int,
        _ column: Int
    ) {
        let place = Position(
            line: UInt32(clamping: line + relativeLine + 1),
            column: UInt32(clamping: column + 1)
        )
        if let last = composer.diagnostics.last, last.position == place, last.code == code { return }
        composer.report(code, message, hint: hint, at: place)
    }

    private mutating func stopAfterTooMany() {
        composer.report(
            ManifestCodes.limit,
            "more than \(composer.limits.findings) findings: the rest is not read",
            hint: "correct these first",
            at: Position(line: UInt32(clamping: line + 1), column: 1),
            isLast: true
        )
        isStopped = true
    }

    private mutating func advance(to place: Int) {
        // Behind the last document nothing asks for the line, unless something is to be said about it.
        if place < text.count || !composer.diagnostics.isEmpty {
            line += scan { $0.lines(from: start, to: place) }
        }
        start = place
    }
}

extension TextScan.Flaw {
    fileprivate var message: String {
        switch self {
        case .notUTF8(let byte): "the byte 0x\(String(byte, radix: 16)) is not UTF-8"
        case .control(0): "a NUL byte cannot stand in a manifest"
        case .control(0xfeff): "a byte order mark can stand only at the beginning of a file"
        case .control(let code):
            "the control character U+\(Self.hexadecimal(code)) cannot stand in a manifest"
        }
    }

    fileprivate var hint: String {
        switch self {
        case .notUTF8: "save the file as UTF-8"
        case .control(0): "save the file as UTF-8; UTF-16 needs a byte order mark"
        case .control(0xfeff): "remove it"
        case .control(let code): "remove it, or write it as \"\\u\(Self.hexadecimal(code))\" in double quotes"
        }
    }

    private static func hexadecimal(_ code: UInt32) -> String {
        let digits = String(code, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}

extension Mark {
    static let zero = Mark(line: 0, column: 0)
}
