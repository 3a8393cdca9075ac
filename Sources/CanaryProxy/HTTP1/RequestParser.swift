// SPDX-License-Identifier: Apache-2.0

import CanaryMesh

/// The methods that the proxy treats differently from others.
enum RequestMethod: UInt8 {
    case get, head, options, trace, put, delete, post, connect, other

    init(_ name: ByteSlice) {
        self =
            switch name.count {
            case 3: Self.equals(name, "GET") ? .get : Self.equals(name, "PUT") ? .put : .other
            case 4: Self.equals(name, "HEAD") ? .head : Self.equals(name, "POST") ? .post : .other
            case 5: Self.equals(name, "TRACE") ? .trace : .other
            case 6: Self.equals(name, "DELETE") ? .delete : .other
            case 7: Self.equals(name, "OPTIONS") ? .options : Self.equals(name, "CONNECT") ? .connect : .other
            default: .other
            }
    }

    /// Methods are case-sensitive.
    private static func equals(_ name: ByteSlice, _ text: StaticString) -> Bool {
        name.equals(ByteSlice(text))
    }

    /// Doing it twice does no more than doing it once (RFC 9110, 9.2.2).
    var isIdempotent: Bool {
        switch self {
        case .get, .head, .options, .trace, .put, .delete: true
        case .post, .connect, .other: false
        }
    }
}

/// A request's head, by offsets into the bytes that it was parsed from.
struct RequestHead {
    enum TargetForm: UInt8 { case origin, absolute, asterisk }

    var length = 0
    var method = RequestMethod.other
    var methodName = ByteRange.empty
    var form = TargetForm.origin
    /// The host, with port if there is one: of an absolute-form target, else of the Host field.
    var authority = ByteRange.empty
    var path = ByteRange.empty
    /// Without the question mark; `nil` when the target has none.
    var query: ByteRange?
    var minorVersion: UInt8 = 1
    /// It came over HTTP/2, and is otherwise as HTTP/1.1 would have it.
    var isHTTP2 = false
    var framing = BodyFraming.none
    /// The client wants to go on with this connection.
    var keepsAlive = true
    var expectsContinue = false
    var hasUnknownExpectation = false
    /// The protocol to switch to, when the request asks for a switch that we would pass on.
    var upgrade: ByteRange?
}

/// Reads a request's head in place. Strict: whatever RFC 9112 lets a server refuse is refused.
struct RequestParser {
    var limits = HeadLimits()

    /// Reads the head at the start of `bytes` into `head` and `fields`; both are undefined unless it is complete.
    func parse(
        _ bytes: ByteSlice,
        into head: inout RequestHead,
        fields: inout FieldTable
    ) -> ParseOutcome {
        head = RequestHead()
        fields.removeAll()
        do {
            guard let fieldsStart = try requestLine(bytes, &head) else { return .incomplete }
            let outcome = FieldParser(bytes: bytes, limits: limits).parse(from: fieldsStart, into: &fields)
            guard case .complete(let length) = outcome else { return outcome }
            head.length = length
            let rules = try MessageRules.read(bytes, &fields, minorVersion: head.minorVersion)
            try apply(rules, bytes, &head)
            return .complete(length)
        } catch {
            return .rejected(error)
        }
    }

    // MARK: - Request line

    /// The offset behind the request line, or `nil` when bytes are missing.
    private func requestLine(
        _ bytes: ByteSlice,
        _ head: inout RequestHead
    ) throws(Rejection) -> Int? {
        guard let start = try skipEmptyLine(bytes) else { return nil }
        guard let methodEnd = try method(bytes, from: start) else { return nil }
        head.methodName = ByteRange(start, methodEnd)
        head.method = RequestMethod(bytes[head.methodName])
        let targetStart = methodEnd &+ 1
        var targetEnd = targetStart
        let limit = min(bytes.count, limits.lineBytes)
        while targetEnd < limit, ASCII.isTarget(bytes[targetEnd]) { targetEnd &+= 1 }
        guard targetEnd < limits.lineBytes else { throw .requestLineTooLong }
        guard targetEnd < bytes.count else { return nil }
        guard targetEnd > targetStart else { throw .badTarget }
        guard bytes[targetEnd] == ASCII.space else {
            let isLineEnd = bytes[targetEnd] == ASCII.carriageReturn || bytes[targetEnd] == ASCII.lineFeed
            throw isLineEnd ? .malformedRequestLine : .badTarget
        }
        guard let end = try version(bytes, from: targetEnd &+ 1, &head) else { return nil }
        if head.method != .connect {
            try target(bytes, ByteRange(targetStart, targetEnd), &head)
        }
        return end
    }

    /// One empty line before a request is skipped, as RFC 9112, 2.2 asks.
    private func skipEmptyLine(_ bytes: ByteSlice) throws(Rejection) -> Int? {
        guard bytes.count > 0 else { return nil }
        guard bytes[0] == ASCII.carriageReturn else { return 0 }
        guard bytes.count > 1 else { return nil }
        guard bytes[1] == ASCII.lineFeed else { throw .bareLineEnd }
        return 2
    }

    private func method(_ bytes: ByteSlice, from start: Int) throws(Rejection) -> Int? {
        let longest = 32
        var end = start
        while end < bytes.count, ASCII.isToken(bytes[end]) { end &+= 1 }
        guard end &- start <= longest else { throw .badMethod }
        guard end < bytes.count else { return nil }
        guard end > start, bytes[end] == ASCII.space else { throw .badMethod }
        return end
    }

    /// Reads `HTTP/1.x CRLF`; the offset behind it, or `nil` when bytes are missing.
    private func version(
        _ bytes: ByteSlice,
        from start: Int,
        _ head: inout RequestHead
    ) throws(Rejection) -> Int? {
        // What nearly all requests say, at once.
        if bytes.slice(start, start &+ 10).equals(ByteSlice("HTTP/1.1\r\n")) { return start &+ 10 }
        let name = ByteSlice("HTTP/")
        for index in 0..<10 {
            guard start &+ index < bytes.count else { return nil }
            let byte = bytes[start &+ index]
            switch index {
            case 0...4: guard byte == name[index] else { throw .malformedRequestLine }
            case 5, 7: guard ASCII.isDigit(byte) else { throw .malformedRequestLine }
            case 6: guard byte == UInt8(ascii: ".") else { throw .malformedRequestLine }
            case 8:
                guard byte == ASCII.carriageReturn else {
                    throw byte == ASCII.lineFeed ? .bareLineEnd : .malformedRequestLine
                }
            default: guard byte == ASCII.lineFeed else { throw .bareLineEnd }
            }
        }
        let major = bytes[start &+ 5] &- 0x30
        let minor = bytes[start &+ 7] &- 0x30
        guard major == 1, minor <= 1 else { throw .unsupportedVersion }
        head.minorVersion = minor
        return start &+ 10
    }

    // MARK: - Target

    private func target(
        _ bytes: ByteSlice,
        _ range: ByteRange,
        _ head: inout RequestHead
    ) throws(Rejection) {
        if bytes[range.lower] == UInt8(ascii: "/") {
            splitQuery(bytes, range, &head)
        } else if range.count == 1, bytes[range.lower] == UInt8(ascii: "*") {
            guard head.method == .options else { throw .badTarget }
            head.form = .asterisk
            head.path = range
        } else {
            try absoluteTarget(bytes, range, &head)
        }
    }

    /// Reads a target that stands by itself: a path with or without a query, or an asterisk.
    func originForm(
        _ bytes: ByteSlice,
        _ range: ByteRange,
        _ head: inout RequestHead
    ) throws(Rejection) {
        guard range.count < limits.lineBytes else { throw .requestLineTooLong }
        for index in range.lower..<range.upper where !ASCII.isTarget(bytes[index]) { throw .badTarget }
        guard let first = bytes[range].first, first == UInt8(ascii: "/") || first == UInt8(ascii: "*") else {
            throw .badTarget
        }
        try target(bytes, range, &head)
    }

    private func absoluteTarget(
        _ bytes: ByteSlice,
        _ range: ByteRange,
        _ head: inout RequestHead
    ) throws(Rejection) {
        let scheme = 7
        guard range.count > scheme else { throw .badTarget }
        guard bytes[ByteRange(range.lower, range.lower &+ scheme)].equalsIgnoringCase("http://") else {
            throw hasScheme(bytes, range) ? .badScheme : .badTarget
        }
        let start = range.lower &+ scheme
        var end = start
        while end < range.upper, bytes[end] != UInt8(ascii: "/"), bytes[end] != UInt8(ascii: "?") {
            end &+= 1
        }
        head.form = .absolute
        head.authority = ByteRange(start, end)
        guard end > start, AuthoritySyntax.isValid(bytes[head.authority]) else { throw .badHost }
        splitQuery(bytes, ByteRange(end, range.upper), &head)
    }

    private func hasScheme(_ bytes: ByteSlice, _ range: ByteRange) -> Bool {
        for index in range.lower..<range.upper where bytes[index] == ASCII.colon {
            return index &+ 2 < range.upper && bytes[index &+ 1] == UInt8(ascii: "/")
        }
        return false
    }

    private func splitQuery(_ bytes: ByteSlice, _ range: ByteRange, _ head: inout RequestHead) {
        var end = range.lower
        while end < range.upper, bytes[end] != UInt8(ascii: "?") { end &+= 1 }
        head.path = ByteRange(range.lower, end)
        if end < range.upper { head.query = ByteRange(end &+ 1, range.upper) }
    }

    // MARK: - What the fields mean for a request

    private func apply(
        _ rules: MessageRules,
        _ bytes: ByteSlice,
        _ head: inout RequestHead
    ) throws(Rejection) {
        if let host = rules.host {
            guard AuthoritySyntax.isValid(bytes[host]) else { throw .badHost }
            if head.form != .absolute { head.authority = host }
        } else if head.minorVersion > 0 {
            throw .missingHost
        }
        if rules.isChunked {
            head.framing = .chunked
        } else if let length = rules.length, length > 0 {
            head.framing = .length(length)
        }
        head.keepsAlive = head.minorVersion > 0 ? !rules.asksClose : rules.asksKeepAlive && !rules.asksClose
        guard head.minorVersion > 0 else { return }
        if let expect = rules.expect {
            head.expectsContinue = bytes[expect].equalsIgnoringCase("100-continue")
            head.hasUnknownExpectation = !head.expectsContinue
        }
        // A switch to HTTP/2 would let a client speak past the proxy's own rules.
        if rules.asksUpgrade, let upgrade = rules.upgrade, !bytes[upgrade].equalsIgnoringCase("h2c") {
            head.upgrade = upgrade
        }
    }
}

/// The grammar of `host[:port]`.
enum AuthoritySyntax {
    /// Whether it can name a host at all. An empty one is valid, and is no host of ours.
    static func isValid(_ text: ByteSlice) -> Bool {
        var position = 0
        if let first = text.first, first == UInt8(ascii: "[") {
            position = 1
            while position < text.count, isAddress(text[position]) { position &+= 1 }
            guard position > 1, position < text.count, text[position] == UInt8(ascii: "]") else {
                return false
            }
            position &+= 1
        } else {
            while position < text.count, ASCII.isHost(text[position]) { position &+= 1 }
        }
        guard position < text.count else { return true }
        guard text[position] == ASCII.colon, text.count &- position <= 6 else { return false }
        position &+= 1
        while position < text.count, ASCII.isDigit(text[position]) { position &+= 1 }
        return position == text.count
    }

    private static func isAddress(_ byte: UInt8) -> Bool {
        ASCII.hexDigit(byte) != nil || byte == ASCII.colon || byte == UInt8(ascii: ".")
    }
}
