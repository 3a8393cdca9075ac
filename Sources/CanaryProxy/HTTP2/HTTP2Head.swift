// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting

/// A head as its header fields come in, one after the other: what HTTP/1's parsers make of a head's text.
///
/// nghttp2 has checked by then what RFC 9113, 8.2 and 8.3 say of names, values and pseudo-header fields. The text holds the values of
/// those first, and then a line for each other field, as HTTP/1 would have them.
struct HTTP2Head: ~Copyable {
    private let limits: HeadLimits
    private var text = ByteQueue()
    private var fields: [Field] = []
    private var cookies = ByteQueue()
    private var method = ByteRange.empty
    private var target = ByteRange.empty
    private var authority = ByteRange.empty
    private var `protocol` = ByteRange.empty
    /// The method that asks for that protocol in HTTP/1.1.
    private var substitute = ByteRange.empty
    private var status = ByteRange.empty
    private var rejection: Rejection?

    init(_ limits: HeadLimits) { self.limits = limits }

    var bytes: ByteSlice { text.bytes }

    /// No field has come.
    var isEmpty: Bool { text.isEmpty && cookies.isEmpty && rejection == nil }

    /// Takes a field; what is more than the limits allow is left out, and has the head rejected.
    mutating func add(_ name: ByteSlice, _ value: ByteSlice) {
        guard rejection == nil else { return }
        guard text.count &+ cookies.count &+ name.count &+ value.count &+ 4 <= limits.headBytes else {
            return rejection = .headTooLarge
        }
        if name.first == ASCII.colon { return addPseudo(name, value) }
        // A client may send a cookie for each pair; HTTP/1 has one line for all (RFC 9113, 8.2.3).
        if name.equals(ByteSlice("cookie")) { return addCookie(value) }
        addLine(name, value)
    }

    private mutating func addPseudo(_ name: ByteSlice, _ value: ByteSlice) {
        let range = addValue(value)
        if name.equals(ByteSlice(":method")) { method = range }
        if name.equals(ByteSlice(":path")) { target = range }
        if name.equals(ByteSlice(":authority")) { authority = range }
        if name.equals(ByteSlice(":status")) { status = range }
        guard name.equals(ByteSlice(":protocol")) else { return }
        `protocol` = range
        // Behind this come lines only, which may be copied all at once.
        substitute = addValue(ByteSlice("GET"))
    }

    private mutating func addValue(_ value: ByteSlice) -> ByteRange {
        let start = text.count
        text.append(value)
        text.append(ByteSlice("\r\n"))
        return ByteRange(start, start &+ value.count)
    }

    private mutating func addCookie(_ value: ByteSlice) {
        if !cookies.isEmpty { cookies.append(ByteSlice("; ")) }
        cookies.append(value)
    }

    private mutating func addLine(_ name: ByteSlice, _ value: ByteSlice) {
        guard fields.count < limits.fields else { return rejection = .tooManyFields }
        let start = text.count
        text.append(name)
        text.append(ByteSlice(": "))
        text.append(value)
        let field = Field(
            name: ByteRange(start, start &+ name.count),
            value: ByteRange(start &+ name.count &+ 2, text.count),
            known: KnownField(name),
            isDropped: false
        )
        text.append(ByteSlice("\r\n"))
        fields.append(field)
    }

    /// A WebSocket over a stream (RFC 8441) is asked for in the way of HTTP/1.1, with a key of the proxy's: 16 bytes in base64.
    private mutating func askForWebSocket(_ key: UInt64, _ otherKey: UInt64) {
        method = substitute
        var text = ByteBuffer(capacity: 32)
        text.append(hexDigits: key, count: 16)
        text.append(hexDigits: otherKey, count: 5)
        text.append("A==")
        addLine(ByteSlice("sec-websocket-key"), text.slice)
    }

    /// The head is complete; `isWhole` without a body. Both `head` and `table` are undefined where it is rejected.
    mutating func finish(
        isWhole: Bool,
        _ random: inout RandomSource,
        into head: inout RequestHead,
        _ table: inout FieldTable
    ) throws(Rejection) {
        let isWebSocket =
            text.bytes[method].equals(ByteSlice("CONNECT"))
            && text.bytes[`protocol`].equalsIgnoringCase("websocket")
        if isWebSocket { askForWebSocket(random.next(), random.next()) }
        if !cookies.isEmpty { addLine(ByteSlice("cookie"), cookies.bytes) }
        text.append(ByteSlice("\r\n"))
        if let rejection { throw rejection }
        table.removeAll()
        for field in fields where !table.append(field) { throw .tooManyFields }
        head = RequestHead()
        head.isHTTP2 = true
        head.length = text.count
        head.methodName = method
        head.method = RequestMethod(text.bytes[method])
        let rules = try MessageRules.read(text.bytes, &table, minorVersion: 1)
        head.authority = try authority(rules.host)
        if head.method != .connect { try RequestParser(limits: limits).originForm(text.bytes, target, &head) }
        if isWebSocket {
            head.upgrade = `protocol`
        } else if !isWhole {
            // Trailers may follow an empty body, too.
            head.framing = rules.length.map { .length($0) } ?? .chunked
        }
        if let expect = rules.expect {
            head.expectsContinue = text.bytes[expect].equalsIgnoringCase("100-continue")
            head.hasUnknownExpectation = !head.expectsContinue
        }
    }

    /// The same for an answer; `method` is that of the request.
    mutating func finish(
        isWhole: Bool,
        _ method: RequestMethod,
        into head: inout ResponseHead,
        _ table: inout FieldTable
    ) throws(Rejection) {
        if !cookies.isEmpty { addLine(ByteSlice("cookie"), cookies.bytes) }
        text.append(ByteSlice("\r\n"))
        if let rejection { throw rejection }
        table.removeAll()
        for field in fields where !table.append(field) { throw .tooManyFields }
        head = ResponseHead()
        head.length = text.count
        for byte in text.bytes[status] { head.status = head.status &* 10 &+ Int(byte &- 0x30) }
        let rules = try MessageRules.read(text.bytes, &table, minorVersion: 1)
        ResponseParser(limits: limits).apply(rules, method, &head)
        guard isWhole else { return }
        head.isSilentlyEmpty = head.framing == .untilClose
        head.framing = .none
    }

    /// A Host field may stand for the authority, and may not contradict it (RFC 9113, 8.3.1).
    private func authority(_ host: ByteRange?) throws(Rejection) -> ByteRange {
        let bytes = text.bytes
        if let host, !authority.isEmpty, !bytes[host].equalsIgnoringCase(bytes[authority]) {
            throw .severalHosts
        }
        guard let chosen = authority.isEmpty ? host : authority else { throw .missingHost }
        guard AuthoritySyntax.isValid(bytes[chosen]) else { throw .badHost }
        return chosen
    }

    /// Gives its memory up: most connections rest most of the time.
    mutating func reset() {
        text.release()
        cookies.release()
        fields = []
        (method, target, authority) = (.empty, .empty, .empty)
        (`protocol`, substitute, status) = (.empty, .empty, .empty)
        rejection = nil
    }
}
