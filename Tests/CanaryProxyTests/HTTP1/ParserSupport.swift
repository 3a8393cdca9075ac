// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
@testable import CanaryProxy

/// What a parse gave, by value, so that tests can look at it.
struct ParsedRequest {
    var outcome: ParseOutcome
    var head: RequestHead
    var text: String
    var fields: [(name: String, value: String, isDropped: Bool)]

    func text(_ range: ByteRange) -> String {
        String(decoding: Array(text.utf8)[range.lower..<range.upper], as: UTF8.self)
    }
}

func parseRequest(_ text: String, limits: HeadLimits = HeadLimits()) -> ParsedRequest {
    var head = RequestHead()
    var table = FieldTable(capacity: limits.fields)
    let bytes = Array(text.utf8)
    let outcome = bytes.withSlice {
        RequestParser(limits: limits).parse($0, into: &head, fields: &table)
    }
    return ParsedRequest(outcome: outcome, head: head, text: text, fields: rows(table, bytes))
}

func parseResponse(_ text: String, method: RequestMethod = .get) -> (ParseOutcome, ResponseHead) {
    var head = ResponseHead()
    var table = FieldTable(capacity: 100)
    let outcome = Array(text.utf8).withSlice {
        ResponseParser().parse($0, method: method, into: &head, fields: &table)
    }
    return (outcome, head)
}

private func rows(
    _ table: borrowing FieldTable,
    _ bytes: [UInt8]
) -> [(name: String, value: String, isDropped: Bool)] {
    var rows: [(name: String, value: String, isDropped: Bool)] = []
    for index in 0..<table.count {
        let field = table[index]
        rows.append(
            (
                String(decoding: bytes[field.name.lower..<field.name.upper], as: UTF8.self),
                String(decoding: bytes[field.value.lower..<field.value.upper], as: UTF8.self),
                field.isDropped
            )
        )
    }
    return rows
}

/// The data of a chunked body fed in pieces of `step` bytes, with what ended it.
func decodeChunks(_ text: String, step: Int = .max) -> (data: String, end: ChunkedDecoder.Step, unread: Int) {
    var decoder = ChunkedDecoder()
    var data: [UInt8] = []
    let bytes = Array(text.utf8)
    var start = 0
    while start < bytes.count {
        let piece = Array(bytes[start..<min(start + min(step, bytes.count), bytes.count)])
        var position = 0
        inner: while true {
            let result = piece.withSlice { decoder.next($0, from: &position) }
            switch result {
            case .data(let range): data += piece[range.lower..<range.upper]
            case .framing: continue
            case .needsMore: break inner
            case .trailers(let end): return (text8(data), result, bytes.count - start - end)
            case .rejected: return (text8(data), result, 0)
            }
        }
        start += piece.count
    }
    return (text8(data), .needsMore, 0)
}

private func text8(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
