// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting

/// Switched protocols (WebSocket and others): after 101, bytes pass both ways as they come.
extension Worker {
    /// Passes a 101 on, if the client asked for it.
    mutating func switchProtocols(
        _ head: ResponseHead,
        _ bytes: ByteSlice,
        _ exchange: ExchangePointer,
        _ upstream: UpstreamPointer
    ) {
        guard let client = exchange.pointee.downstream, exchange.pointee.request.head.upgrade != nil,
            exchange.pointee.body.isComplete
        else {
            return reply(
                exchange,
                LocalAnswer(502, .upstreamProtocolError, Rejection.unexpectedSwitch.reason)
            )
        }
        exchange.pointee.outcome.status = 101
        exchange.pointee.outcome.switchedAt = loop.nowNanoseconds
        exchange.pointee.stage = .switched
        exchange.pointee.deadlines.route = Registration.never
        exchange.pointee.deadlines.oneTry = Registration.never
        client.pointee.phase = .tunnel
        upstream.pointee.phase = .tunnel
        answering.writeSwitchHead(exchange, head, bytes, client.pointee.codec, to: &output)
        guard send(output.slice, to: client) else { return }
        let rest = bytes.from(head.length)
        if rest.count > 0 { tunnelToClient(rest, exchange) }
        guard client.pointee.phase == .tunnel else { return }
        upstream.pointee.inbox.release()
        leaveTable(exchange)
        renewStall(exchange)
    }

    /// How many bytes were used.
    mutating func tunnelToUpstream(_ bytes: ByteSlice, from client: DownstreamPointer) -> Int {
        guard let exchange = client.pointee.exchange, let upstream = exchange.pointee.upstream else {
            return 0
        }
        guard upstream.pointee.outbox.isEmpty else { return 0 }
        guard upstreams.send(bytes, to: upstream) else {
            tunnelIsBroken(upstream, exchange)
            return bytes.count
        }
        exchange.pointee.outcome.bytesReceived &+= UInt64(bytes.count)
        countBytes(exchange, received: bytes.count)
        renewStall(exchange)
        return bytes.count
    }

    mutating func tunnelToClient(_ bytes: ByteSlice, _ exchange: ExchangePointer) {
        exchange.pointee.outcome.bytesSent &+= UInt64(bytes.count)
        countBytes(exchange, sent: bytes.count)
        guard let client = exchange.pointee.downstream, send(bytes, to: client) else { return }
        renewStall(exchange)
    }

    /// The client sends no more: the upstream is told, and may still answer.
    mutating func clientTunnelEnded(_ client: DownstreamPointer) {
        guard let exchange = client.pointee.exchange, let upstream = exchange.pointee.upstream else {
            return closeClient(client)
        }
        if upstream.pointee.hasEnded { return closeTunnel(exchange, client) }
        upstream.pointee.transport.endSending()
        renewStall(exchange)
    }

    /// The upstream takes no more. What it said before may still be read, unless it had ended already.
    mutating func tunnelIsBroken(_ upstream: UpstreamPointer, _ exchange: ExchangePointer) {
        if upstream.pointee.hasEnded { return upstreamTunnelEnded(upstream, exchange, isReset: true) }
        upstream.pointee.canRead = true
    }

    mutating func upstreamTunnelEnded(_ upstream: UpstreamPointer, _ exchange: ExchangePointer, isReset: Bool)
    {
        guard let client = exchange.pointee.downstream else { return abandon(exchange) }
        if isReset {
            exchange.pointee.outcome.flag = .upstreamConnectionTermination
            return closeClient(client, resets: true)
        }
        upstream.pointee.hasEnded = true
        if client.pointee.hasEnded { return closeTunnel(exchange, client) }
        clients.endSending(client)
        renewStall(exchange)
    }

    private mutating func closeTunnel(_ exchange: ExchangePointer, _ client: DownstreamPointer) {
        if let upstream = upstreams.detach(exchange) { closeUpstream(upstream) }
        client.pointee.codec.endAfterExchange()
        finish(exchange)
        let hasSaidAll = client.pointee.outbox.isEmpty && client.pointee.transport.stream == nil
        if client.pointee.phase == .lingering, hasSaidAll { closeClient(client) }
    }
}
