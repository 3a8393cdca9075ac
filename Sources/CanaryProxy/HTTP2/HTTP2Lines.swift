// SPDX-License-Identifier: Apache-2.0

import CNGHTTP2
import CanaryMesh
import Glibc

/// Header fields as lines of text, `name: value CRLF`, as all codecs write them, and as nghttp2 takes them.
enum HTTP2Lines {
    /// Submits the head at the start of `text`; how many bytes it takes, or `nil` where nghttp2 has no memory. The first line has
    /// the status, and an empty one ends it.
    @unsafe static func submitHead(
        _ text: ByteSlice,
        _ number: Int32,
        hasBody: (Int) -> Bool,
        to session: OpaquePointer?
    ) -> (length: Int, isFinal: Bool, wasTaken: Bool) {
        unsafe withFields(of: text) { fields, length in
            let isFinal = text.count > statusPlace && text[statusPlace] != UInt8(ascii: "1")
            let result: Int32
            if !isFinal {
                result = unsafe nghttp2_submit_headers(
                    session,
                    0,
                    number,
                    nil,
                    fields.baseAddress,
                    fields.count,
                    nil
                )
            } else if hasBody(length) {
                var body = unsafe HTTP2Callbacks.body
                result = unsafe nghttp2_submit_response(
                    session,
                    number,
                    fields.baseAddress,
                    fields.count,
                    &body
                )
            } else {
                result = unsafe nghttp2_submit_response(
                    session,
                    number,
                    fields.baseAddress,
                    fields.count,
                    nil
                )
            }
            return (length, isFinal, result == 0)
        }
    }

    /// Submits the head of a request at the start of `text`; how many bytes it takes, and the number of the stream, negative where
    /// nghttp2 takes no more.
    @unsafe static func submitRequest(
        _ text: ByteSlice,
        _ stream: HTTP2StreamPointer,
        hasBody: (Int) -> Bool,
        to session: OpaquePointer?
    ) -> (length: Int, number: Int32) {
        unsafe withFields(of: text) { fields, length in
            let base = fields.baseAddress
            guard hasBody(length) else {
                return unsafe (
                    length, nghttp2_submit_request(session, nil, base, fields.count, nil, stream.memory)
                )
            }
            var body = unsafe HTTP2Callbacks.body
            return unsafe (
                length, nghttp2_submit_request(session, nil, base, fields.count, &body, stream.memory)
            )
        }
    }

    /// Submits the fields behind a body.
    @unsafe static func submitTrailers(_ text: ByteSlice, _ number: Int32, to session: OpaquePointer?) {
        unsafe withFields(of: text) { fields, _ in
            _ = unsafe nghttp2_submit_trailer(session, number, fields.baseAddress, fields.count)
        }
    }

    /// Where the first digit of a status stands.
    private static let statusPlace = 9

    /// The fields of lines up to an empty one or the end of the text, and where the next byte stands.
    private static func withFields<Result>(
        of text: ByteSlice,
        _ body: (UnsafeMutableBufferPointer<nghttp2_nv>, Int) -> Result
    ) -> Result {
        // The shortest line has four bytes.
        unsafe withUnsafeTemporaryAllocation(of: nghttp2_nv.self, capacity: headLength(text) / 4 + 1) {
            memory in
            var count = 0
            var position = 0
            while let line = line(text, from: position), line.count > 2 {
                if let field = unsafe field(line) {
                    unsafe memory.initializeElement(at: count, to: field)
                    count &+= 1
                }
                position &+= line.count
            }
            if position < text.count { position &+= 2 }
            return unsafe body(UnsafeMutableBufferPointer(rebasing: memory[..<count]), position)
        }
    }

    /// How many bytes there are up to an empty line.
    private static func headLength(_ text: ByteSlice) -> Int {
        var position = 0
        while let line = line(text, from: position), line.count > 2 { position &+= line.count }
        return position
    }

    private static func line(_ text: ByteSlice, from start: Int) -> ByteSlice? {
        guard start < text.count, let base = unsafe text.base else { return nil }
        let found = unsafe memchr(base + start, Int32(ASCII.lineFeed), text.count &- start)
        guard let found = unsafe found else { return text.from(start) }
        let end = unsafe UnsafeRawPointer(base).distance(to: found) &+ 1
        return text.slice(start, end)
    }

    /// A line's field, its name in lower case. The line is the proxy's own to change.
    private static func field(_ line: ByteSlice) -> nghttp2_nv? {
        guard let base = unsafe line.base else { return nil }
        let memory = unsafe UnsafeMutablePointer(mutating: base)
        // The first byte may be the colon of a pseudo-header field.
        var colon = 1
        while colon < line.count, line[colon] != ASCII.colon {
            unsafe memory[colon] = ByteSlice.lowercased(memory[colon])
            colon &+= 1
        }
        guard colon < line.count else { return nil }
        unsafe memory[0] = ByteSlice.lowercased(memory[0])
        var (start, end) = (colon &+ 1, line.count &- 2)
        while start < end, isSpace(line[start]) { start &+= 1 }
        while end > start, isSpace(line[end &- 1]) { end &-= 1 }
        return unsafe nghttp2_nv(
            name: memory,
            value: memory + start,
            namelen: colon,
            valuelen: end &- start,
            flags: UInt8(NGHTTP2_NV_FLAG_NONE.rawValue)
        )
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == ASCII.space || byte == ASCII.tab }
}
