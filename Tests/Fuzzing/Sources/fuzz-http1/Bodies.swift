// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
@testable import HTTP1

/// Where a body ended, and what it held.
private struct BodyVerdict: Equatable {
    /// The offset of its end, `nil` while more must follow; of a chunked body, where its trailers begin.
    var end: Int?
    var rejection: Rejection?
    /// What is passed on, or the data alone.
    var bytes: [UInt8] = []
}

func checkBody(_ input: ByteSlice, _ cuts: Cuts, _ framing: BodyFraming) {
    let whole = pass(input, [input.count], framing)
    precondition(whole == pass(input, cuts.ends, framing), "a body's end depends on how it arrives")
    precondition((whole.end ?? 0) <= input.count, "a body ends behind the input")
    guard framing == .chunked else { return }
    let data = decode(input, [input.count])
    precondition(data == decode(input, cuts.ends), "a body's data depends on how it arrives")
    precondition(data.end == whole.end && data.rejection == whole.rejection, "data and framing disagree")
    guard let end = whole.end else { return }
    whole.bytes.withSlice { passed in
        precondition(decode(passed, [passed.count]).bytes == data.bytes, "other data was passed on")
        precondition(
            !passed.contains(UInt8(ascii: ";")) || data.bytes.contains(UInt8(ascii: ";")),
            "an extension was passed on"
        )
    }
    checkTrailers(input.slice(end, input.count))
}

/// Passes the body on, without what belongs to one connection.
private func pass(_ input: ByteSlice, _ ends: [Int], _ framing: BodyFraming) -> BodyVerdict {
    var reader = BodyReader(framing)
    var verdict = BodyVerdict()
    var start = 0
    for end in ends {
        let piece = input.slice(start, end)
        let before = reader
        let progress = reader.pass(piece)
        switch progress {
        case .partial(let count): precondition(count == end - start, "bytes were left without need")
        case .finished(let count), .trailers(let count): verdict.end = start + count
        case .rejected(let rejection): return BodyVerdict(rejection: rejection)
        }
        let stop = (verdict.end ?? end) - start
        verdict.bytes +=
            reader.leavesOut ? pieces(of: piece.slice(0, stop), before) : Array(piece.slice(0, stop))
        if verdict.end != nil { break }
        start = end
    }
    return verdict
}

private func pieces(of bytes: ByteSlice, _ reader: BodyReader) -> [UInt8] {
    var reader = reader
    var position = 0
    var kept: [UInt8] = []
    while true {
        switch reader.nextPiece(bytes, from: &position) {
        case .data(let range), .framing(let range): kept += bytes[range]
        case .needsMore, .trailers, .rejected: return kept
        }
    }
}

/// Frees a chunked body from its framing.
private func decode(_ input: ByteSlice, _ ends: [Int]) -> BodyVerdict {
    var decoder = ChunkedDecoder()
    var verdict = BodyVerdict()
    var start = 0
    for end in ends {
        let piece = input.slice(start, end)
        var position = 0
        read: while true {
            switch decoder.next(piece, from: &position) {
            case .data(let range): verdict.bytes += piece[range]
            case .framing: continue
            case .needsMore: break read
            case .trailers(let offset):
                verdict.end = start + offset
                return verdict
            case .rejected(let rejection):
                return BodyVerdict(rejection: rejection)
            }
        }
        start = end
    }
    return verdict
}

/// What is accepted as trailers frames and addresses nothing.
private func checkTrailers(_ section: ByteSlice) {
    var fields = FieldTable(capacity: 20)
    guard case .complete(let end) = TrailerParser(mostFields: 20).parse(section, into: &fields) else {
        return
    }
    precondition(
        end <= section.count && end <= TrailerParser.longestSection,
        "trailers longer than the input or the limit"
    )
    for index in 0..<fields.count where !fields[index].isDropped {
        let known = fields[index].known
        precondition(
            !known.isHopByHop && known != .contentLength && known != .host,
            "a framing trailer was accepted"
        )
    }
}
