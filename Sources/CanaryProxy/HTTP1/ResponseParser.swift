// SPDX-License-Identifier: Apache-2.0

import CanaryMesh

/// A response's head, by offsets into the bytes that it was parsed from.
struct ResponseHead {
    var length = 0
    var status = 0
    var reason = ByteRange.empty
    var minorVersion: UInt8 = 1
    var framing = BodyFraming.none
    /// It has no body, and says so by what carried it alone.
    var isSilentlyEmpty = false
    /// The upstream lets us use the connection again.
    var keepsAlive = true
    var upgrade: ByteRange?
    /// -1 where the head has none.
    var grpcStatus: Int32 = -1
    /// It has `x-envoy-ratelimited`.
    var isRateLimited = false
}

/// Reads an upstream's response head, as strictly as a request's: an upstream that is unclear about where its answer ends
/// could make one client read another's.
struct ResponseParser {
    var limits = HeadLimits()

    /// Reads the head at the start of `bytes`; `method` is that of the request, which decides whether a body follows.
    func parse(
        _ bytes: ByteSlice,
        method: RequestMethod,
        into head: inout ResponseHead,
        fields: inout FieldTable
    ) -> ParseOutcome {
        head = ResponseHead()
        fields.removeAll()
        do {
            guard let fieldsStart = try statusLine(bytes, &head) else { return .incomplete }
            let outcome = FieldParser(bytes: bytes, limits: limits).parse(from: fieldsStart, into: &fields)
            guard case .complete(let length) = outcome else { return outcome }
            head.length = length
            let rules = try MessageRules.read(bytes, &fields, minorVersion: head.minorVersion)
            apply(rules, method, &head)
            return .complete(length)
        } catch {
            return .rejected(error)
        }
    }

    /// Reads `HTTP/1.x SP 3DIGIT [SP reason] CRLF`; the offset behind it, or `nil` when bytes are missing. Spaces may be
    /// several, and tabs, as for HAProxy: what is passed on is written anew.
    private func statusLine(
        _ bytes: ByteSlice,
        _ head: inout ResponseHead
    ) throws(Rejection) -> Int? {
        let prefix = ByteSlice("HTTP/1.")
        for index in 0..<min(7, bytes.count) where bytes[index] != prefix[index] {
            throw .malformedStatusLine
        }
        guard bytes.count > 12 else { return nil }
        guard bytes[7] == 0x30 || bytes[7] == 0x31, Self.isBlank(bytes[8]) else { throw .malformedStatusLine }
        head.minorVersion = bytes[7] &- 0x30
        let start = Self.skipBlanks(bytes, from: 9)
        guard start &+ 3 < bytes.count else { return nil }
        for index in start..<start &+ 3 {
            guard ASCII.isDigit(bytes[index]) else { throw .malformedStatusLine }
            head.status = head.status &* 10 &+ Int(bytes[index] &- 0x30)
        }
        guard head.status >= 100 else { throw .malformedStatusLine }
        var end = start &+ 3
        if Self.isBlank(bytes[end]) {
            let reason = Self.skipBlanks(bytes, from: end)
            end = reason
            while end < bytes.count, ASCII.isFieldValue(bytes[end]) { end &+= 1 }
            head.reason = ByteRange(reason, end)
        }
        guard end < limits.headBytes else { throw .malformedStatusLine }
        guard end < bytes.count else { return nil }
        guard bytes[end] == ASCII.carriageReturn else { throw .bareLineEnd }
        guard end &+ 1 < bytes.count else { return nil }
        guard bytes[end &+ 1] == ASCII.lineFeed else { throw .bareLineEnd }
        return end &+ 2
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == ASCII.space || byte == ASCII.tab }

    private static func skipBlanks(_ bytes: ByteSlice, from start: Int) -> Int {
        var position = start
        while position < bytes.count, isBlank(bytes[position]) { position &+= 1 }
        return position
    }

    /// Where the body ends: RFC 9112, 6.3.
    func apply(_ rules: MessageRules, _ method: RequestMethod, _ head: inout ResponseHead) {
        let hasNoBody = method == .head || head.status < 200 || head.status == 204 || head.status == 304
        if hasNoBody {
            head.framing = .none
        } else if rules.isChunked {
            head.framing = .chunked
        } else if let length = rules.length {
            head.framing = length == 0 ? .none : .length(length)
        } else {
            head.framing = .untilClose
        }
        let persists = head.minorVersion > 0 ? !rules.asksClose : rules.asksKeepAlive && !rules.asksClose
        head.keepsAlive = persists && head.framing != .untilClose
        if rules.asksUpgrade { head.upgrade = rules.upgrade }
        head.grpcStatus = rules.grpcStatus
        head.isRateLimited = rules.isRateLimited
    }
}
