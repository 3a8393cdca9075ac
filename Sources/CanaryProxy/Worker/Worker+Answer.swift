// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources
import CanaryRouting

/// An upstream's answer is read, checked and passed on.
extension Worker {
    /// A piece of a body of up to this size is copied behind its head; a larger one is sent from where it lies.
    private static let copiedBody = 1024

    // MARK: - Heads

    /// Reads answers' heads from `bytes`, which are fresh or the whole of the upstream's inbox.
    mutating func takeHead(
        _ bytes: ByteSlice,
        _ exchange: ExchangePointer,
        _ upstream: UpstreamPointer
    ) {
        var start = 0
        while true {
            let rest = bytes.from(start)
            var head = ResponseHead()
            let method = exchange.pointee.request.head.method
            let outcome = upstream.pointee.codec.readHead(
                rest,
                headLimits,
                method: method,
                into: &head,
                &answering.fields
            )
            switch outcome {
            case .incomplete:
                return upstream.keep(rest)
            case .rejected:
                return failAnswer(exchange)
            case .complete(let length):
                if head.status == 101 { return switchProtocols(head, rest, exchange, upstream) }
                guard head.status < 200 else {
                    if exchange.pointee.request.wouldGrant(head) { return failAnswer(exchange) }
                    return takeFinalHead(head, rest, exchange, upstream)
                }
                forwardInterim(head, rest, exchange)
                guard upstream.pointee.exchange == exchange else { return }
                start &+= length
                if start == bytes.count { return upstream.pointee.inbox.release() }
            }
        }
    }

    /// An endpoint that has said so many 1xx of a request is at fault.
    private static let mostInterimHeads = 32

    /// Passes a 1xx on to a client that knows them.
    mutating func forwardInterim(
        _ head: ResponseHead,
        _ bytes: ByteSlice,
        _ exchange: ExchangePointer
    ) {
        exchange.pointee.tries.interimHeads &+= 1
        guard exchange.pointee.tries.interimHeads <= Self.mostInterimHeads else {
            return failAnswer(exchange)
        }
        guard let client = exchange.pointee.downstream, client.pointee.codec.takesInterimHeads else { return }
        answering.writeInterimHead(head, bytes, client.pointee.codec, to: &output)
        _ = send(output.slice, to: client)
    }

    mutating func takeFinalHead(
        _ head: ResponseHead,
        _ bytes: ByteSlice,
        _ exchange: ExchangePointer,
        _ upstream: UpstreamPointer
    ) {
        let status = Int32(head.status)
        reportAnswer(head, exchange)
        switch exchange.pointee.verdict(on: head) {
        case .retry:
            if mayRetry(exchange) { return retryLater(exchange, status: status, .none) }
            exchange.pointee.outcome.flag = .upstreamOverflow
        case .giveUp(let hasUsedUpRetries): exchange.pointee.outcome.hasUsedUpRetries = hasUsedUpRetries
        case .replace: break
        }
        exchange.pointee.outcome.status = status
        exchange.pointee.stage = .answering
        exchange.pointee.deadlines.oneTry = Registration.never
        exchange.pointee.body.forget()
        upstream.pointee.codec.begin(head)
        let body = bytes.from(head.length)
        guard let client = exchange.pointee.downstream else {
            return forwardAnswer(body, exchange, upstream, joined: false)
        }
        client.pointee.codec.frame(head.framing)
        if head.isSilentlyEmpty { client.pointee.codec.sayEmpty() }
        // When the answer ends, the rest of the upload would have to be read only to be thrown away, and a client that waits
        // for a 100 never sends it.
        if !exchange.pointee.body.isComplete || isLast(client) { client.pointee.codec.endAfterExchange() }
        answering.writeHead(exchange, head, bytes, client.pointee.codec, to: &output)
        forwardAnswer(body, exchange, upstream, joined: true)
    }

    /// Tells what the answer says of its endpoint: of gRPC's, what stands in the head, as in Envoy.
    @inline(__always)
    private func reportAnswer(_ head: ResponseHead, _ exchange: ExchangePointer) {
        var status = Int32(head.status)
        if exchange.pointee.request.isGRPC, head.grpcStatus >= 0 {
            exchange.pointee.outcome.grpcStatus = GRPCStatus.known(head.grpcStatus)
            status = GRPCStatus.http(of: head.grpcStatus)
        }
        report(.answered(status: status), exchange)
    }

    // MARK: - Bodies

    /// Passes a piece of the answer on; `joined` sends it behind what `output` holds already. What can't be used yet is kept.
    mutating func forwardAnswer(
        _ bytes: ByteSlice,
        _ exchange: ExchangePointer,
        _ upstream: UpstreamPointer,
        joined: Bool
    ) {
        let client = exchange.pointee.downstream
        let form = client?.pointee.codec.bodyForm ?? .data
        let piece: BodyRelay.Piece
        do throws(Rejection) {
            let changes = exchange.pointee.responseEdits
            piece = try upstream.pointee.codec.readBody(bytes, as: form, &relay, except: changes)
        } catch {
            return failAnswer(exchange)
        }
        exchange.pointee.outcome.bytesSent &+= UInt64(piece.used)
        if piece.isLast, exchange.pointee.request.isGRPC, exchange.pointee.outcome.grpcStatus < 0 {
            let trailers = upstream.pointee.codec.trailers(relay)
            exchange.pointee.outcome.grpcStatus = GRPCStatus.number(inTrailers: trailers)
        }
        if piece.isLast, let stream = client?.pointee.transport.stream {
            stream.pointee.ownTrailers.append(upstream.pointee.codec.trailers(relay))
        }
        if let client, !deliver(piece, to: client, joined: joined) { return }
        let rest = bytes.from(piece.used)
        // It has no other end that an old client would know.
        if piece.isLast, upstream.pointee.codec.framing == .untilClose {
            return endAnswer(exchange, upstream)
        }
        if piece.isLast { return finishAnswer(exchange, upstream, hasLeftover: !rest.isEmpty) }
        upstream.keep(rest)
        leaveOldTable(exchange)
        renewStall(exchange)
    }

    /// Sends a piece of the answer; `false` when the client is gone.
    private mutating func deliver(_ piece: BodyRelay.Piece, to client: DownstreamPointer, joined: Bool)
        -> Bool
    {
        let bytes = client.pointee.codec.write(piece, &relay)
        guard joined else { return bytes.isEmpty || send(bytes, to: client) }
        if bytes.count > Self.copiedBody { return send(output.slice, bytes, to: client) }
        output.append(bytes)
        return send(output.slice, to: client)
    }

    /// The answer ended with its connection, as it was to.
    mutating func endAnswer(_ exchange: ExchangePointer, _ upstream: UpstreamPointer) {
        if let client = exchange.pointee.downstream {
            let trailers = upstream.pointee.codec.trailers(relay)
            let bytes = client.pointee.codec.end(trailers: trailers, &relay)
            guard bytes.isEmpty || send(bytes, to: client) else { return }
        }
        finishAnswer(exchange, upstream, hasLeftover: true)
    }

    /// The answer is complete: the upstream goes back to the pool if both sides know where they are.
    private mutating func finishAnswer(
        _ exchange: ExchangePointer,
        _ upstream: UpstreamPointer,
        hasLeftover: Bool
    ) {
        let destination = exchange.pointee.destination
        let limit = destination?.maxRequestsPerConnection ?? 0
        _ = upstreams.detach(exchange)
        upstream.pointee.served &+= 1
        let isReusable =
            exchange.pointee.body.isComplete && !hasLeftover && !isDraining
            && (limit == 0 || upstream.pointee.served < limit) && upstream.canCarryMore
        if isReusable {
            upstreams.keep(upstream, idleTimeout: destination?.idleTimeoutMilliseconds ?? 0, &loop)
        } else {
            closeUpstream(upstream)
        }
        finish(exchange)
    }

    /// The answer broke the protocol.
    mutating func failAnswer(_ exchange: ExchangePointer) {
        report(.connectionFailed, exchange)
        reply(exchange, LocalAnswer(502, .upstreamProtocolError, Self.brokenAnswer))
    }

    private static var brokenAnswer: StaticString {
        "upstream connect error or disconnect/reset before headers. reset reason: protocol error"
    }
}
