// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting
import CanarySystem

/// Writes the heads of requests as they are sent: what was received, minus what concerns one connection only, plus what routes
/// and proxy add. Lines that pass are copied in runs, exactly as they came.
struct RequestWriter: ~Copyable {
    private var fields: FieldTable
    private var edits = HeaderEditor()
    private var authority = ByteBuffer(capacity: 256)

    private let traces: TraceSettings

    init(mostFields: Int, traces: TraceSettings) {
        fields = FieldTable(capacity: mostFields)
        self.traces = traces
    }

    /// Writes the head of an exchange's request to `output`, whatever that held before.
    mutating func writeHead(
        _ exchange: ExchangePointer,
        _ codec: ClientCodec,
        _ random: inout RandomSource,
        to output: inout ByteBuffer
    ) {
        let bytes = exchange.pointee.request.bytes
        let facts = exchange.pointee.request.facts
        let head = exchange.pointee.request.head
        fields.load(exchange.pointee.request.fields)
        output.truncate()
        codec.beginHead(facts.method, facts.scheme, to: &output)
        writeTarget(exchange, to: &output)
        codec.separateAuthority(to: &output)
        writeAuthority(exchange, to: &output)
        codec.beginLines(to: &output)
        edits.apply(exchange.pointee.requestEdits, facts, to: &fields, of: bytes)
        writePassingFields(exchange, bytes, &random, to: &output)
        edits.append(to: &output)
        // Else a gRPC server takes the client for one that knows no trailers.
        if codec.requestForm == .data, exchange.pointee.request.isGRPC { output.append("te: trailers\r\n") }
        codec.endHead(
            head.framing,
            switchingTo: head.upgrade.map { bytes[$0] } ?? ByteSlice(),
            to: &output
        )
    }

    private func writeTarget(_ exchange: ExchangePointer, to output: inout ByteBuffer) {
        let start = output.count
        let facts = exchange.pointee.request.facts
        if let route = exchange.pointee.route {
            route.appendPath(facts, to: &output)
        } else {
            output.append(facts.path)
        }
        // A rewrite may bring anything along; what has no place in a request line is escaped.
        for index in start..<output.count where !ASCII.isTarget(output[index]) {
            return output.escapeTarget(from: start)
        }
    }

    private mutating func writeAuthority(_ exchange: ExchangePointer, to output: inout ByteBuffer) {
        let start = output.count
        writeOwnAuthority(exchange, to: &output)
        guard exchange.pointee.isCopy else { return }
        authority.truncate()
        authority.append(output.slice.from(start))
        output.truncate(to: start)
        output.append(shadowAuthority: authority.slice)
    }

    private func writeOwnAuthority(_ exchange: ExchangePointer, to output: inout ByteBuffer) {
        let start = output.count
        let chosen = exchange.pointee.original ?? exchange.pointee.destination
        let facts = exchange.pointee.request.facts
        if let route = exchange.pointee.route, let destination = chosen {
            route.appendAuthority(facts, destination, to: &output)
        } else {
            output.append(facts.authority)
        }
        // The client's own was checked when it came.
        let written = output.slice.from(start)
        guard written.equals(facts.authority) || AuthoritySyntax.isValid(written) else {
            output.truncate(to: start)
            output.append(facts.authority)
            return
        }
    }

    private mutating func writePassingFields(
        _ exchange: ExchangePointer,
        _ bytes: ByteSlice,
        _ random: inout RandomSource,
        to output: inout ByteBuffer
    ) {
        let head = exchange.pointee.request.head
        let needsForwarded = !edits.adds("x-forwarded-for")
        var hasProto = edits.adds("x-forwarded-proto")
        var hasID = edits.adds("x-request-id")
        var hasTrace = traces.formats.isEmpty
        let isOld = exchange.pointee.request.facts.version == .http10
        let trust = exchange.pointee.request.trust
        let hasCertificate = !exchange.pointee.request.clientCertificate.isEmpty
        let isSecure = exchange.pointee.request.facts.scheme.count == 5
        if needsForwarded { output.append("x-forwarded-for: ") }
        for index in 0..<fields.count {
            let field = fields[index]
            switch field.known {
            case .host: fields.drop(index)
            case .forwardedFor where needsForwarded && !field.isDropped:
                fields.drop(index)
                output.append(bytes[field.value])
                output.append(", ")
            case .forwardedClientCert where !trust.passesCertificates(hasOwn: hasCertificate):
                fields.drop(index)
            // What the client says of a connection that is known is nothing to go by; what proxies said is known by now.
            case .forwardedProto where isSecure || trust.isEdge: fields.drop(index)
            case .forwardedProto where !field.isDropped: hasProto = true
            case .requestID where !field.isDropped: hasID = true
            case .trace where !field.isDropped: hasTrace = true
            case .expect where isOld: fields.drop(index)
            case .envoyControl: fields.drop(index)
            default: break
            }
        }
        if needsForwarded {
            output.append(exchange.pointee.request.peerAddress)
            output.append("\r\n")
        }
        if !hasProto { writeProto(exchange, to: &output) }
        if hasCertificate, trust.tellsCertificate { writeCertificate(exchange, bytes, to: &output) }
        if !hasID { writeRequestID(exchange, &random, to: &output) }
        if !hasTrace { writeTrace(exchange, &random, to: &output) }
        output.appendFields(fields, of: bytes, end: head.length &- 2)
    }

    /// Who the client is, as Istio's gateways say it, behind what passes of what it said.
    private mutating func writeCertificate(
        _ exchange: ExchangePointer,
        _ bytes: ByteSlice,
        to output: inout ByteBuffer
    ) {
        output.append("x-forwarded-client-cert: ")
        for index in 0..<fields.count {
            let field = fields[index]
            guard field.known == .forwardedClientCert, !field.isDropped else { continue }
            fields.drop(index)
            output.append(bytes[field.value])
            output.append(",")
        }
        output.append(exchange.pointee.request.clientCertificate)
        output.append("\r\n")
    }

    private func writeProto(_ exchange: ExchangePointer, to output: inout ByteBuffer) {
        output.append("x-forwarded-proto: ")
        output.append(exchange.pointee.request.facts.scheme)
        output.append("\r\n")
    }

    /// The same for each try of a request.
    private func writeRequestID(
        _ exchange: ExchangePointer,
        _ random: inout RandomSource,
        to output: inout ByteBuffer
    ) {
        let id = exchange.pointee.tries.madeID ?? UUID(random: random.next(), random.next())
        exchange.pointee.tries.madeID = id
        output.append("x-request-id: ")
        output.append(id)
        output.append("\r\n")
    }

    /// Begins a trace, the same for each try of a request, unless a change of the route's does.
    @inline(never)
    private func writeTrace(
        _ exchange: ExchangePointer,
        _ random: inout RandomSource,
        to output: inout ByteBuffer
    ) {
        for name: StaticString in ["traceparent", "b3", "x-b3-traceid"] where edits.adds(name) { return }
        let trace = exchange.pointee.tries.trace ?? TraceContext(&random, sampling: traces.sampling)
        exchange.pointee.tries.trace = trace
        trace.write(traces.formats, to: &output)
    }
}
