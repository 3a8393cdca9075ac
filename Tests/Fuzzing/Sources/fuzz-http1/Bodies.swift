// SPDX-License-Identifier: Apache-2.0

@testable import HTTP1

/// Where a body ended, and what it held.
private struct BodyVerdict: Equatable {
    /// The offset of its end, `nil` while more must follow.
    var end: Int?
    var rejection: Rejection?
    var data: [UInt8] = []
}

func checkBody(_ input: UnsafeRawBufferPointer, _ cuts: Cuts, _ framing: BodyFraming) {
    let whole = pass(input, [input.count], framing)
    precondition(whole == pass(input, cuts.ends, framing), "a body's end depends on how it arrives")
    precondition((whole.end ?? 0) <= input.count, "a body ends behind the input")
    guard framing == .chunked else { return }
    let data = decode(input, [input.count])
    precondition(data == decode(input, cuts.ends), "a body's data depends on how it arrives")
    precondition(data.end == whole.end && data.rejection == whole.rejection, "data and framing disagree")
}

/// Passes the body on as it is.
private func pass(_ input: UnsafeRawBufferPointer, _ ends: [Int], _ framing: BodyFraming) -> BodyVerdict {
    var reader = BodyReader(framing)
    var start = 0
    for end in ends {
        switch reader.pass(input.slice(start..<end)) {
        case .partial(let count): precondition(count == end - start, "bytes were left without need")
        case .finished(let count): return BodyVerdict(end: start + count)
        case .rejected(let rejection): return BodyVerdict(rejection: rejection)
        }
        start = end
    }
    return BodyVerdict()
}

/// Frees a chunked body from its framing.
private func decode(_ input: UnsafeRawBufferPointer, _ ends: [Int]) -> BodyVerdict {
    var decoder = ChunkedDecoder()
    var verdict = BodyVerdict()
    var start = 0
    for end in ends {
        let piece = input.slice(start..<end)
        var position = 0
        read: while true {
            switch decoder.next(piece, from: &position) {
            case .data(let range): verdict.data += piece[range]
            case .needsMore: break read
            case .finished(let offset):
                verdict.end = start + offset
                return verdict
            case .rejected(let rejection):
                verdict.rejection = rejection
                return verdict
            }
        }
        start = end
    }
    return verdict
}
