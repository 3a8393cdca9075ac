// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting

/// Writes the heads of answers as they are sent, the proxy's own answers among them, to `output`, whatever that held before.
///
/// Lines that pass are copied in runs, exactly as they came.
struct AnswerWriter: ~Copyable {
    /// Those of the answer's head that was read last.
    var fields: FieldTable
    private let endpoints: EndpointTexts
    private var edits = HeaderEditor()
    /// Path and authority as they were sent, for header changes.
    private var sentTarget = ByteBuffer(capacity: 1024)
    private var upstreamText = ByteBuffer(capacity: 64)
    private var cookie = ByteBuffer(capacity: 128)
    private var date = DateText()

    init(mostFields: Int, endpoints: EndpointTexts) {
        fields = FieldTable(capacity: mostFields)
        self.endpoints = endpoints
    }

    // MARK: - Answers that pass

    /// Writes the head of an endpoint's answer. Expects ``fields`` to be of `bytes`.
    mutating func writeHead(
        _ exchange: ExchangePointer,
        _ head: ResponseHead,
        _ bytes: ByteSlice,
        _ codec: ServerCodec,
        to output: inout ByteBuffer
    ) {
        writeLines(exchange, head, bytes, codec, to: &output)
        codec.endHead(to: &output)
    }

    /// All of a head but its end.
    @inline(__always)
    private mutating func writeLines(
        _ exchange: ExchangePointer,
        _ head: ResponseHead,
        _ bytes: ByteSlice,
        _ codec: ServerCodec,
        to output: inout ByteBuffer
    ) {
        beginHead(head, bytes, codec, to: &output)
        let hasEdits = applyEdits(exchange, bytes)
        if head.status == 204 { dropLength() }
        output.appendFields(fields, of: bytes, end: head.length &- 2)
        if hasEdits { edits.append(to: &output) }
        if exchange.pointee.request.facts.generatedKey.count > 0 { addCookies(exchange, to: &output) }
    }

    /// Makes the user known by the cookies that chose version and endpoint, where the request came without.
    private mutating func addCookies(_ exchange: ExchangePointer, to output: inout ByteBuffer) {
        let facts = exchange.pointee.request.facts
        exchange.pointee.route?.forEachNewCookie(facts, exchange.pointee.destination, in: &cookie) { value in
            output.append("set-cookie: ")
            output.append(value)
            output.append("\r\n")
        }
    }

    /// Writes a 1xx head.
    func writeInterimHead(
        _ head: ResponseHead,
        _ bytes: ByteSlice,
        _ codec: ServerCodec,
        to output: inout ByteBuffer
    ) {
        beginHead(head, bytes, codec, to: &output)
        output.appendFields(fields, of: bytes, end: head.length &- 2)
        codec.endInterimHead(to: &output)
    }

    /// Writes the 101 that ends HTTP on this connection.
    mutating func writeSwitchHead(
        _ exchange: ExchangePointer,
        _ head: ResponseHead,
        _ bytes: ByteSlice,
        _ codec: ServerCodec,
        to output: inout ByteBuffer
    ) {
        writeLines(exchange, head, bytes, codec, to: &output)
        let upgrade = head.upgrade.map { bytes[$0] } ?? ByteSlice()
        codec.endInterimHead(switchingTo: upgrade, to: &output)
    }

    private func beginHead(
        _ head: ResponseHead,
        _ bytes: ByteSlice,
        _ codec: ServerCodec,
        to output: inout ByteBuffer
    ) {
        output.truncate()
        codec.beginHead(Int32(head.status), bytes[head.reason], to: &output)
    }

    private mutating func applyEdits(_ exchange: ExchangePointer, _ bytes: ByteSlice) -> Bool {
        guard let route = exchange.pointee.route else { return false }
        let changes = exchange.pointee.responseEdits
        guard !changes.isEmpty else {
            guard route.intervenes else { return false }
            edits.forget()
            return decorate(exchange, bytes)
        }
        var facts = route.factsAsSent(
            exchange.pointee.request.facts,
            exchange.pointee.destination,
            in: &sentTarget
        )
        facts.responseCode = exchange.pointee.outcome.status
        if let endpoint = endpoints.text(of: exchange.pointee.tries.lastEndpoint) {
            upstreamText.truncate()
            upstreamText.append(text: endpoint)
            facts.upstreamAddress = upstreamText.slice
        }
        edits.apply(changes, facts, to: &fields, of: bytes)
        _ = decorate(exchange, bytes)
        return true
    }

    /// Adds what the route's CORS policy says to the changes of an answer; `false` where it says nothing.
    private mutating func decorate(_ exchange: ExchangePointer, _ bytes: ByteSlice) -> Bool {
        guard let route = exchange.pointee.route, route.intervenes else { return false }
        let answer = route.crossOrigin(for: exchange.pointee.request.facts)
        guard answer.action != .none else { return false }
        answer.forEachHeader { edits.set($0, to: $1, &fields, bytes) }
        return true
    }

    private mutating func dropLength() {
        for index in 0..<fields.count where fields[index].known == .contentLength { fields.drop(index) }
    }

    // MARK: - The proxy's own answers

    /// Writes an answer of the proxy's own to an exchange, with its body.
    mutating func write(
        _ answer: LocalAnswer,
        _ exchange: ExchangePointer,
        _ codec: ServerCodec,
        to output: inout ByteBuffer
    ) {
        let isGRPC = answer.grpcStatus >= 0
        let status = isGRPC ? 200 : answer.status
        beginLocal(status, codec, to: &output)
        fields.removeAll()
        if answer.isPreflight { edits.forget() } else { applyLocalEdits(exchange) }
        _ = decorate(exchange, ByteSlice())
        if answer.hasLocation, let route = exchange.pointee.route {
            output.append("location: ")
            writeLocation(route, exchange.pointee.request.facts, to: &output)
            output.append("\r\n")
        }
        if isGRPC {
            writeGRPC(answer, to: &output)
        } else if !answer.body.isEmpty, !edits.adds("content-type") {
            output.append("content-type: text/plain\r\n")
        }
        switch answer.overloaded {
        case nil: break
        case .destination: output.append("x-envoy-overloaded: true\r\n")
        case .proxy: output.append("x-envoy-local-overloaded: true\r\n")
        }
        if status == 405 {
            output.append("allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n")
        }
        edits.append(to: &output)
        writeLocalFields(length: isGRPC ? 0 : answer.body.count, status: status, to: &output)
        codec.endHead(to: &output)
        let isBodyless = isGRPC || exchange.pointee.request.head.method == .head
        if !isBodyless, Self.mayHaveBody(status) { output.append(answer.body) }
    }

    /// So much of a body fits into a message, which stands in a head.
    private static let longestMessage = 4096

    /// An answer without body is gRPC's "trailers only".
    private func writeGRPC(_ answer: LocalAnswer, to output: inout ByteBuffer) {
        output.append("content-type: application/grpc\r\ngrpc-status: ")
        output.append(decimal: UInt64(max(answer.grpcStatus, 0)))
        if !answer.body.isEmpty {
            output.append("\r\ngrpc-message: ")
            output.append(percentEncoding: answer.body.slice(0, min(answer.body.count, Self.longestMessage)))
        }
        output.append("\r\n")
    }

    private mutating func applyLocalEdits(_ exchange: ExchangePointer) {
        let changes = exchange.pointee.responseEdits
        var facts = exchange.pointee.request.facts
        if !changes.isEmpty, let route = exchange.pointee.route {
            facts = route.factsAsSent(facts, exchange.pointee.destination, in: &sentTarget)
        }
        facts.responseCode = exchange.pointee.outcome.status
        edits.apply(changes, facts, to: &fields, of: ByteSlice())
    }

    private func writeLocation(_ route: RouteHandle, _ facts: RequestFacts, to output: inout ByteBuffer) {
        let start = output.count
        route.appendRedirectLocation(facts, listenerIsTLS: facts.scheme.count == 5, to: &output)
        for index in start..<output.count where !ASCII.isFieldValue(output[index]) {
            return output.truncate(to: start)
        }
    }

    private static func mayHaveBody(_ status: Int32) -> Bool {
        status >= 200 && status != 204 && status != 304
    }

    private func beginLocal(_ status: Int32, _ codec: ServerCodec, to output: inout ByteBuffer) {
        output.truncate()
        codec.beginHead(status, ByteSlice(StatusText.reason(status)), to: &output)
    }

    private mutating func writeLocalFields(length: Int, status: Int32, to output: inout ByteBuffer) {
        if Self.mayHaveBody(status) {
            output.append("content-length: ")
            output.append(decimal: UInt64(length))
            output.append("\r\n")
        }
        output.append("date: ")
        date.append(to: &output)
        output.append("\r\nserver: canaryctl\r\n")
    }

    /// Writes the answer to a head that could not be read, after which the connection ends.
    mutating func writeRefusal(
        status: Int32,
        reason: StaticString,
        _ codec: ServerCodec,
        to output: inout ByteBuffer
    ) {
        beginLocal(status, codec, to: &output)
        output.append("content-type: text/plain\r\n")
        writeLocalFields(length: reason.utf8CodeUnitCount, status: status, to: &output)
        codec.endHead(to: &output)
        output.append(reason)
    }
}

extension ByteBuffer {
    /// Appends a gRPC message as it stands in its field: all but printable ASCII, and percent signs, as `%XX`.
    fileprivate mutating func append(percentEncoding bytes: ByteSlice) {
        for byte in bytes {
            if byte >= 0x20, byte < 0x7F, byte != UInt8(ascii: "%") {
                append(byte)
            } else {
                append("%")
                for digit in [byte >> 4, byte & 15] {
                    append(digit < 10 ? UInt8(ascii: "0") &+ digit : UInt8(ascii: "A") &+ digit &- 10)
                }
            }
        }
    }
}
