// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting

/// Heads as they are sent: what was received, minus what concerns one connection only, plus what routes and proxy add.
///
/// Lines that pass are copied in runs, exactly as they came.
extension Worker {
    // MARK: - Requests

    /// Writes the request's head to `output`.
    mutating func writeRequestHead(_ exchange: ExchangePointer) {
        let bytes = exchange.pointee.kept.bytes
        let facts = exchange.pointee.kept.facts
        let request = exchange.pointee.request
        requestFields.load(exchange.pointee.kept.fields)
        output.truncate()
        output.append(facts.method)
        output.append(" ")
        writeTarget(exchange)
        output.append(" HTTP/1.1\r\nhost: ")
        writeAuthority(exchange)
        output.append("\r\n")
        if let route = exchange.pointee.route {
            let changes = route.requestHeaderEdits(exchange.pointee.destination)
            edits.apply(changes, facts, to: &requestFields, of: bytes)
        }
        writePassingFields(exchange, bytes)
        edits.append(to: &output)
        if let upgrade = request.upgrade {
            output.append("connection: upgrade\r\nupgrade: ")
            output.append(ByteSlice(bytes[upgrade]))
            output.append("\r\n")
        }
        if request.framing == .chunked { output.append("transfer-encoding: chunked\r\n") }
        output.append("\r\n")
    }

    private mutating func writeTarget(_ exchange: ExchangePointer) {
        let start = output.count
        let facts = exchange.pointee.kept.facts
        if let route = exchange.pointee.route {
            route.appendPath(facts, to: &output)
        } else {
            output.append(facts.path)
        }
        // A rewrite may bring anything along; what has no place in a request line is escaped.
        for index in start..<output.count where !ASCII.isTarget(output.base[index]) {
            return output.escapeTarget(from: start)
        }
    }

    private mutating func writeAuthority(_ exchange: ExchangePointer) {
        let start = output.count
        let facts = exchange.pointee.kept.facts
        if let route = exchange.pointee.route, let destination = exchange.pointee.destination {
            route.appendAuthority(facts, destination, to: &output)
        } else {
            output.append(facts.authority)
        }
        guard AuthoritySyntax.isValid(output.slice.from(start).raw) else {
            output.truncate(to: start)
            output.append(facts.authority)
            return
        }
    }

    private mutating func writePassingFields(_ exchange: ExchangePointer, _ bytes: UnsafeRawBufferPointer) {
        let request = exchange.pointee.request
        let needsForwarded = !edits.adds("x-forwarded-for")
        var hasProto = edits.adds("x-forwarded-proto")
        var hasID = edits.adds("x-request-id")
        if needsForwarded { output.append("x-forwarded-for: ") }
        for index in 0..<requestFields.count {
            let field = requestFields[index]
            switch field.known {
            case .host: requestFields.drop(index)
            case .forwardedFor where needsForwarded && !field.isDropped:
                requestFields.drop(index)
                output.append(ByteSlice(bytes[field.value]))
                output.append(", ")
            case .forwardedProto where !field.isDropped: hasProto = true
            case .requestID where !field.isDropped: hasID = true
            case .expect where request.minorVersion == 0: requestFields.drop(index)
            default: break
            }
        }
        if needsForwarded {
            output.append(exchange.pointee.kept.facts.sourceAddress)
            output.append("\r\n")
        }
        if !hasProto { output.append("x-forwarded-proto: http\r\n") }
        if !hasID { writeRequestID(exchange) }
        output.appendFields(requestFields, of: bytes, end: request.length &- 2)
    }

    /// The same for each try of a request.
    private mutating func writeRequestID(_ exchange: ExchangePointer) {
        let id = exchange.pointee.madeID ?? RequestID(&random)
        exchange.pointee.madeID = id
        output.append("x-request-id: ")
        id.append(to: &output)
        output.append("\r\n")
    }

    // MARK: - Responses

    /// Writes the response's head to `output`. Expects `responseFields` to be of `bytes`.
    mutating func writeResponseHead(_ exchange: ExchangePointer, _ bytes: UnsafeRawBufferPointer) {
        let head = exchange.pointee.response
        output.truncate()
        writeStatusLine(head, bytes)
        let hasEdits = applyResponseEdits(exchange, bytes)
        if head.status == 204 { dropLength() }
        output.appendFields(responseFields, of: bytes, end: head.length &- 2)
        if hasEdits { edits.append(to: &output) }
        let hasChunks = head.framing == .chunked && exchange.pointee.reframing == .none
        if hasChunks || exchange.pointee.reframing == .toChunks {
            output.append("transfer-encoding: chunked\r\n")
        }
        writeConnection(exchange)
        output.append("\r\n")
    }

    private mutating func writeStatusLine(_ head: ResponseHead, _ bytes: UnsafeRawBufferPointer) {
        output.append("HTTP/1.1 ")
        output.append(decimal: UInt64(head.status), width: 3)
        output.append(" ")
        output.append(ByteSlice(bytes[head.reason]))
        output.append("\r\n")
    }

    private mutating func applyResponseEdits(
        _ exchange: ExchangePointer,
        _ bytes: UnsafeRawBufferPointer
    ) -> Bool {
        guard let route = exchange.pointee.route else { return false }
        let changes = route.responseHeaderEdits(exchange.pointee.destination)
        guard !changes.isEmpty else { return false }
        var facts = route.factsAsSent(
            exchange.pointee.kept.facts,
            exchange.pointee.destination,
            in: &sentTarget
        )
        facts.responseCode = exchange.pointee.status
        if let endpoint = exchange.pointee.lastEndpoint.flatMap(shared.identifiers.endpoint) {
            upstreamText.truncate()
            upstreamText.append(text: endpoint.description)
            facts.upstreamAddress = upstreamText.slice
        }
        edits.apply(changes, facts, to: &responseFields, of: bytes)
        return true
    }

    private mutating func dropLength() {
        for index in 0..<responseFields.count where responseFields[index].known == .contentLength {
            responseFields.drop(index)
        }
    }

    private mutating func writeConnection(_ exchange: ExchangePointer) {
        if isLeaving(exchange.pointee.downstream) { exchange.pointee.keepsDownstream = false }
        if !exchange.pointee.keepsDownstream {
            output.append("connection: close\r\n")
        } else if exchange.pointee.request.minorVersion == 0 {
            output.append("connection: keep-alive\r\n")
        }
    }

    /// Writes a 1xx head.
    mutating func writeInterimHead(_ head: ResponseHead, _ bytes: UnsafeRawBufferPointer) {
        output.truncate()
        writeStatusLine(head, bytes)
        output.appendFields(responseFields, of: bytes, end: head.length &- 2)
        output.append("\r\n")
    }

    /// Writes the 101 that ends HTTP on this connection.
    mutating func writeSwitchHead(_ exchange: ExchangePointer, _ bytes: UnsafeRawBufferPointer) {
        let head = exchange.pointee.response
        output.truncate()
        writeStatusLine(head, bytes)
        let hasEdits = applyResponseEdits(exchange, bytes)
        output.appendFields(responseFields, of: bytes, end: head.length &- 2)
        if hasEdits { edits.append(to: &output) }
        if let upgrade = head.upgrade {
            output.append("connection: upgrade\r\nupgrade: ")
            output.append(ByteSlice(bytes[upgrade]))
            output.append("\r\n")
        }
        output.append("\r\n")
    }

    // MARK: - The proxy's own answers

    mutating func writeLocalReply(_ exchange: ExchangePointer, body: ByteSlice, location: Bool) {
        output.truncate()
        writeLocalStatus(exchange.pointee.status)
        responseFields.removeAll()
        let changes = exchange.pointee.route?.responseHeaderEdits(exchange.pointee.destination)
        var facts = exchange.pointee.kept.facts
        if changes?.isEmpty == false, let route = exchange.pointee.route {
            facts = route.factsAsSent(facts, exchange.pointee.destination, in: &sentTarget)
        }
        facts.responseCode = exchange.pointee.status
        let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
        edits.apply(
            changes ?? UnsafeBufferPointer(start: nil, count: 0),
            facts,
            to: &responseFields,
            of: nothing
        )
        if location, let route = exchange.pointee.route {
            output.append("location: ")
            writeLocation(route, exchange.pointee.kept.facts)
            output.append("\r\n")
        }
        if !body.isEmpty, !edits.adds("content-type") { output.append("content-type: text/plain\r\n") }
        if exchange.pointee.status == 405 {
            output.append("allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n")
        }
        edits.append(to: &output)
        writeLocalFields(length: body.count, status: exchange.pointee.status)
        writeConnection(exchange)
        output.append("\r\n")
        let hasBody = exchange.pointee.request.method != .head && Self.mayHaveBody(exchange.pointee.status)
        if hasBody { output.append(body) }
    }

    private mutating func writeLocation(_ route: RouteHandle, _ facts: RequestFacts) {
        let start = output.count
        route.appendRedirectLocation(facts, listenerIsTLS: false, to: &output)
        for index in start..<output.count where !ASCII.isFieldValue(output.base[index]) {
            return output.truncate(to: start)
        }
    }

    private static func mayHaveBody(_ status: Int32) -> Bool {
        status >= 200 && status != 204 && status != 304
    }

    private mutating func writeLocalStatus(_ status: Int32) {
        output.append("HTTP/1.1 ")
        output.append(decimal: UInt64(max(status, 0)), width: 3)
        output.append(" ")
        output.append(StatusText.reason(status))
        output.append("\r\n")
    }

    private mutating func writeLocalFields(length: Int, status: Int32) {
        if Self.mayHaveBody(status) {
            output.append("content-length: ")
            output.append(decimal: UInt64(length))
            output.append("\r\n")
        }
        output.append("date: ")
        date.append(to: &output)
        output.append("\r\nserver: canaryctl\r\n")
    }

    /// Writes the answer to a head that could not be read.
    mutating func writeRefusal(status: Int, reason: StaticString) {
        output.truncate()
        writeLocalStatus(Int32(status))
        output.append("content-type: text/plain\r\n")
        writeLocalFields(length: reason.utf8CodeUnitCount, status: Int32(status))
        output.append("connection: close\r\n\r\n")
        output.append(reason)
    }
}

extension ByteBuffer {
    /// Copies the lines of `fields` that were not dropped, as they came, in as few runs as possible. `end` is where the last
    /// line ends.
    mutating func appendFields(_ fields: borrowing FieldTable, of bytes: UnsafeRawBufferPointer, end: Int) {
        var index = 0
        while index < fields.count {
            guard !fields[index].isDropped else {
                index &+= 1
                continue
            }
            let start = fields[index].name.lower
            while index < fields.count, !fields[index].isDropped { index &+= 1 }
            let stop = index < fields.count ? fields[index].name.lower : end
            append(ByteSlice(bytes[ByteRange(start, stop)]))
        }
    }

    /// Percent-encodes what may not stand in a request's target, among the bytes from `start` on.
    mutating func escapeTarget(from start: Int) {
        let end = count
        var escaped = 0
        for index in start..<end where !ASCII.isTarget(base[index]) { escaped &+= 1 }
        // Each byte moves to its place from the last one on, so that none is written over before it was read.
        append(zeros: 2 &* escaped)
        let digits: StaticString = "0123456789abcdef"
        var target = count
        for index in (start..<end).reversed() {
            let byte = base[index]
            if ASCII.isTarget(byte) {
                target &-= 1
                base[target] = byte
            } else {
                target &-= 3
                base[target] = UInt8(ascii: "%")
                base[target &+ 1] = digits.utf8Start[Int(byte &>> 4)]
                base[target &+ 2] = digits.utf8Start[Int(byte & 15)]
            }
        }
    }

    mutating func append(hexadecimal number: UInt64) {
        append(hexDigits: number, count: max(1, (67 - number.leadingZeroBitCount) / 4))
    }

    /// Appends the lowest digits of a number, at most 16.
    mutating func append(hexDigits number: UInt64, count digits: Int) {
        let bytes = Self.hexText(UInt32(truncatingIfNeeded: number >> 32), UInt32(truncatingIfNeeded: number))
        withUnsafeBytes(of: bytes) { text in
            let last = UnsafeRawBufferPointer(rebasing: text[(16 - digits)...])
            append(ByteSlice(last))
        }
    }

    /// The digits of two halves, eight bytes each: a nibble to a byte, and then all bytes to letters at once.
    private static func hexText(_ high: UInt32, _ low: UInt32) -> (UInt64, UInt64) {
        (hexText(high), hexText(low))
    }

    private static func hexText(_ number: UInt32) -> UInt64 {
        var spread = UInt64(number.byteSwapped)
        spread = (spread | spread << 16) & 0x0000_FFFF_0000_FFFF
        spread = (spread | spread << 8) & 0x00FF_00FF_00FF_00FF
        spread = ((spread & 0x000F_000F_000F_000F) << 8) | ((spread >> 4) & 0x000F_000F_000F_000F)
        // Six more than nine carries into the next bit: those bytes are letters.
        let letters = ((spread &+ 0x0606_0606_0606_0606) >> 4) & 0x0101_0101_0101_0101
        return (spread &+ 0x3030_3030_3030_3030 &+ letters &* 39).littleEndian
    }
}
