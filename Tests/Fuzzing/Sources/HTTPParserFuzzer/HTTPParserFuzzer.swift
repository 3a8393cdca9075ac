// SPDX-License-Identifier: Apache-2.0

/// Feeds arbitrary bytes to everything that reads HTTP/1, whole and in two pieces, and traps when the results differ or
/// a range leaves the input.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzHTTPParser(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = UnsafeRawBufferPointer(start: start, count: count)
    checkRequest(bytes)
    checkResponse(bytes)
    checkChunks(bytes)
    return 0
}

private func checkRequest(_ bytes: UnsafeRawBufferPointer) {
    var head = RequestHead()
    var fields = FieldTable(capacity: 20)
    let parser = RequestParser(limits: HeadLimits(headBytes: 4096, fields: 20, lineBytes: 1024))
    let whole = parser.parse(bytes, into: &head, fields: &fields)
    guard case .complete(let length) = whole else { return }
    precondition(length == head.length && length <= bytes.count)
    let ranges = [head.methodName, head.authority, head.path, head.query ?? .empty, head.upgrade ?? .empty]
    for range in ranges { precondition(bytes[range].count == Int(range.count)) }
    for index in 0..<fields.count {
        precondition(bytes[fields[index].name].allSatisfy(ASCII.isToken))
        precondition(bytes[fields[index].value].allSatisfy(ASCII.isFieldValue))
    }
    let exact = UnsafeRawBufferPointer(rebasing: bytes[..<length])
    precondition(parser.parse(exact, into: &head, fields: &fields) == whole)
    let shorter = UnsafeRawBufferPointer(rebasing: bytes[..<(length - 1)])
    precondition(parser.parse(shorter, into: &head, fields: &fields) == .incomplete)
}

private func checkResponse(_ bytes: UnsafeRawBufferPointer) {
    var head = ResponseHead()
    var fields = FieldTable(capacity: 20)
    let parser = ResponseParser(limits: HeadLimits(headBytes: 4096, fields: 20, lineBytes: 1024))
    guard case .complete(let length) = parser.parse(bytes, method: .get, into: &head, fields: &fields) else {
        return
    }
    precondition(length <= bytes.count && 100..<600 ~= head.status)
    precondition(bytes[head.reason].allSatisfy(ASCII.isFieldValue))
}

/// The decoder comes to the same end whether the bytes come at once or one by one.
private func checkChunks(_ bytes: UnsafeRawBufferPointer) {
    let whole = decode(bytes, step: max(bytes.count, 1))
    let pieces = decode(bytes, step: 1)
    precondition(whole == pieces)
}

private struct Decoded: Equatable {
    var data = 0
    var sum: UInt64 = 0
    var end = -1
    var rejection: Rejection?
}

private func decode(_ bytes: UnsafeRawBufferPointer, step: Int) -> Decoded {
    var decoder = ChunkedDecoder()
    var decoded = Decoded()
    var start = 0
    while start < bytes.count {
        let piece = UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + step, bytes.count)])
        var position = 0
        reading: while true {
            switch decoder.next(piece, from: &position) {
            case .data(let range):
                decoded.data += Int(range.count)
                for byte in piece[range] { decoded.sum = decoded.sum &* 31 &+ UInt64(byte) }
            case .needsMore: break reading
            case .finished(let end):
                decoded.end = start + end
                return decoded
            case .rejected(let rejection):
                decoded.rejection = rejection
                return decoded
            }
        }
        start += piece.count
    }
    return decoded
}
