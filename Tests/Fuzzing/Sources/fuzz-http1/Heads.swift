// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
@testable import HTTP1

/// What a parser said, in a form that can be compared.
private struct Verdict: Equatable {
    var outcome: ParseOutcome
    var length = 0
    var numbers: [Int] = []
    var ranges: [ByteRange?] = []
    var framing = BodyFraming.none

    /// The limits may be noticed sooner when the bytes come in pieces; then both refuse, each for its reason.
    func agrees(with pieces: Verdict) -> Bool {
        if case .rejected(let one) = outcome, case .rejected(let other) = pieces.outcome {
            return one == other || one == .headTooLarge || other == .headTooLarge
        }
        return self == pieces
    }
}

func checkRequest(_ input: ByteSlice, _ cuts: Cuts, _ limits: HeadLimits) {
    let whole = request(input, limits)
    let pieces = inPieces(input, cuts) { request($0, limits) }
    precondition(whole.agrees(with: pieces), "a request's verdict depends on how it arrives")
    guard case .complete(let end) = whole.outcome else { return }
    checkAccepted(input, end, limits, whole.ranges)
    precondition(request(input.slice(0, end), limits) == whole, "what follows a head changes it")
    precondition(request(input.slice(0, end - 1), limits).outcome == .incomplete, "a head ends too soon")
}

func checkResponse(
    _ input: ByteSlice,
    _ cuts: Cuts,
    _ limits: HeadLimits,
    _ method: RequestMethod
) {
    let whole = response(input, limits, method)
    let pieces = inPieces(input, cuts) { response($0, limits, method) }
    precondition(whole.agrees(with: pieces), "a response's verdict depends on how it arrives")
    guard case .complete(let end) = whole.outcome else { return }
    checkAccepted(input, end, limits, whole.ranges)
}

/// The first verdict that is final, as a connection sees it whose buffer grows.
private func inPieces(
    _ input: ByteSlice,
    _ cuts: Cuts,
    _ parse: (ByteSlice) -> Verdict
) -> Verdict {
    var verdict = Verdict(outcome: .incomplete)
    for end in cuts.ends {
        verdict = parse(input.slice(0, end))
        guard verdict.outcome == .incomplete else { break }
    }
    return verdict
}

private func request(_ bytes: ByteSlice, _ limits: HeadLimits) -> Verdict {
    var head = RequestHead()
    var fields = FieldTable(capacity: limits.fields)
    let outcome = RequestParser(limits: limits).parse(bytes, into: &head, fields: &fields)
    var verdict = Verdict(outcome: outcome)
    guard case .complete = outcome else { return verdict }
    verdict.length = head.length
    verdict.framing = head.framing
    verdict.ranges = [head.methodName, head.authority, head.path, head.query, head.upgrade]
    verdict.numbers = [
        Int(head.method.rawValue), Int(head.form.rawValue), Int(head.minorVersion), head.keepsAlive ? 1 : 0,
        head.expectsContinue ? 1 : 0, head.hasUnknownExpectation ? 1 : 0,
    ]
    add(fields, of: bytes, to: &verdict)
    checkFraming(head.framing, fields)
    return verdict
}

private func response(
    _ bytes: ByteSlice,
    _ limits: HeadLimits,
    _ method: RequestMethod
) -> Verdict {
    var head = ResponseHead()
    var fields = FieldTable(capacity: limits.fields)
    let outcome = ResponseParser(limits: limits).parse(bytes, method: method, into: &head, fields: &fields)
    var verdict = Verdict(outcome: outcome)
    guard case .complete = outcome else { return verdict }
    verdict.length = head.length
    verdict.framing = head.framing
    verdict.ranges = [head.reason, head.upgrade]
    verdict.numbers = [head.status, Int(head.minorVersion), head.keepsAlive ? 1 : 0]
    add(fields, of: bytes, to: &verdict)
    if head.framing != .none { checkFraming(head.framing, fields) }
    return verdict
}

private func add(
    _ fields: borrowing FieldTable,
    of bytes: ByteSlice,
    to verdict: inout Verdict
) {
    for index in 0..<fields.count {
        let field = fields[index]
        precondition(bytes[field.name].allSatisfy(ASCII.isToken), "a name that is no token was accepted")
        precondition(bytes[field.value].allSatisfy(ASCII.isFieldValue), "a value that is none was accepted")
        verdict.ranges += [field.name, field.value]
        verdict.numbers += [Int(field.known.rawValue), field.isDropped ? 1 : 0]
    }
}

/// One field, and no other, says where the body ends.
private func checkFraming(_ framing: BodyFraming, _ fields: borrowing FieldTable) {
    var lengths = 0
    var encodings = 0
    for index in 0..<fields.count {
        if fields[index].known == .contentLength { lengths += 1 }
        if fields[index].known == .transferEncoding { encodings += 1 }
    }
    precondition(lengths + encodings <= 1, "a body whose end is in doubt was accepted")
    precondition((framing == .chunked) == (encodings == 1), "framing unlike the fields")
}

/// What every reader of the head sees as the same lines, and nothing outside of it.
private func checkAccepted(
    _ input: ByteSlice,
    _ end: Int,
    _ limits: HeadLimits,
    _ ranges: [ByteRange?]
) {
    precondition(end <= input.count && end <= limits.headBytes, "a head longer than the input or the limit")
    for range in ranges.compactMap(\.self) {
        precondition(range.lower >= 0 && range.upper <= end, "a part outside of the head")
    }
    for index in 0..<end {
        switch input[index] {
        case ASCII.carriageReturn:
            precondition(index + 1 < end && input[index + 1] == ASCII.lineFeed, "a bare CR was accepted")
        case ASCII.lineFeed:
            precondition(index > 0 && input[index - 1] == ASCII.carriageReturn, "a bare LF was accepted")
            precondition(
                index + 1 == end || (input[index + 1] != ASCII.space && input[index + 1] != ASCII.tab),
                "a folded line was accepted"
            )
        case 0..<0x20: precondition(input[index] == ASCII.tab, "a control character was accepted")
        default: break
        }
    }
}
