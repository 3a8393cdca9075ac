// SPDX-License-Identifier: Apache-2.0

import CanaryMesh

/// Reads the trailer section behind a chunked body, as strictly as a head's fields, and knows which may be passed on.
struct TrailerParser {
    static let longestSection = 16_384

    private let limits: HeadLimits

    init(mostFields: Int) {
        limits = HeadLimits(headBytes: Self.longestSection, fields: mostFields)
    }

    /// Reads the section at the start of `bytes`, empty line included, and marks the fields that are not passed on.
    func parse(_ bytes: ByteSlice, into fields: inout FieldTable) -> ParseOutcome {
        fields.removeAll()
        let outcome = FieldParser(bytes: bytes, limits: limits).parse(from: 0, into: &fields)
        switch outcome {
        case .incomplete: return .incomplete
        case .rejected(.headTooLarge), .rejected(.tooManyFields): return .rejected(.trailersTooLarge)
        case .rejected(let rejection): return .rejected(rejection)
        case .complete(let length):
            for index in 0..<fields.count {
                switch TrailerRule(bytes[fields[index].name]) {
                case .passed: break
                case .dropped: fields.drop(index)
                case .refused: return .rejected(.badTrailer)
                }
            }
            return .complete(length)
        }
    }
}

/// What becomes of a field that comes as a trailer (RFC 9110, 6.5.1): many recipients merge trailers into the head, where
/// they would say things that nobody checked.
enum TrailerRule {
    case passed
    /// Belongs into the head, or is the proxy's own to say: left out.
    case dropped
    /// Would change where the message ends or whom it addresses: somebody tries something.
    case refused

    init(_ name: ByteSlice) {
        if Self.isAny(Self.framing, name) {
            self = .refused
        } else if Self.isAny(Self.headOnly, name) || Self.reserved.contains(where: { Self.begins(name, $0) })
        {
            self = .dropped
        } else {
            self = .passed
        }
    }

    private static func isAny(_ names: [StaticString], _ name: ByteSlice) -> Bool {
        names.contains { name.equalsIgnoringCase($0) }
    }

    private static func begins(_ name: ByteSlice, _ prefix: StaticString) -> Bool {
        name.count >= prefix.utf8CodeUnitCount
            && name[ByteRange(0, prefix.utf8CodeUnitCount)].equalsIgnoringCase(prefix)
    }

    private static let framing: [StaticString] = [
        "connection", "content-length", "expect", "host", "http2-settings", "keep-alive", "proxy-connection",
        "te",
        "trailer", "transfer-encoding", "upgrade",
    ]

    /// Routing, request modifiers, authentication, response control and how content is read: RFC 9110, 6.5.1; and what the
    /// proxy or the client's own identity is told by.
    private static let headOnly: [StaticString] = [
        "accept", "accept-charset", "accept-encoding", "accept-language", "age", "allow", "alt-svc",
        "authorization",
        "cache-control", "content-encoding", "content-language", "content-location", "content-range",
        "content-security-policy", "content-type", "cookie", "date", "expires", "forwarded", "from",
        "location",
        "max-forwards", "origin", "pragma", "range", "referer", "retry-after", "server", "set-cookie",
        "strict-transport-security", "user-agent", "vary", "via", "warning", "www-authenticate",
        "x-client-ip",
        "x-original-url", "x-real-ip", "x-request-id", "x-rewrite-url", "true-client-ip",
    ]

    private static let reserved: [StaticString] = [
        "access-control-", "if-", "proxy-", "sec-", "x-b3-", "x-envoy-", "x-forwarded-", "x-http-method",
    ]
}
