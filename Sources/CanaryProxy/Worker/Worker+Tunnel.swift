// SPDX-License-Identifier: Apache-2.0

import CLinux
import CanaryResources
import CanaryRouting
import Glibc

/// Switched protocols (WebSocket and others): after 101, bytes pass both ways as they come.
extension Worker {
    /// Passes a 101 on, if the client asked for it.
    mutating func switchProtocols(
        _ head: ResponseHead,
        _ bytes: UnsafeRawBufferPointer,
        _ exchange: ExchangePointer,
        _ upstream: UpstreamPointer
    ) {
        guard exchange.pointee.request.upgrade != nil, exchange.pointee.isRequestComplete else {
            return reply(
                exchange,
                status: 502,
                flag: .upstreamProtocolError,
                body: Rejection.unexpectedSwitch.reason
            )
        }
        let client = exchange.pointee.downstream
        exchange.pointee.response = head
        exchange.pointee.status = 101
        exchange.pointee.switchedAt = nowNanoseconds
        exchange.pointee.hasResponseBegun = true
        exchange.pointee.routeDeadline = Registration.never
        exchange.pointee.tryDeadline = Registration.never
        client.pointee.phase = .tunnel
        upstream.pointee.phase = .tunnel
        writeSwitchHead(exchange, bytes)
        guard send(output.slice.raw, to: client) else { return }
        let rest = UnsafeRawBufferPointer(rebasing: bytes[head.length...])
        if rest.count > 0 { tunnelToClient(rest, exchange) }
        guard client.pointee.phase == .tunnel else { return }
        upstream.pointee.inbox.release()
        renewStall(exchange)
    }

    /// How many bytes were used.
    mutating func tunnelToUpstream(_ bytes: UnsafeRawBufferPointer, from client: DownstreamPointer) -> Int {
        guard let exchange = client.pointee.exchange, let upstream = exchange.pointee.upstream else {
            return 0
        }
        guard upstream.pointee.outbox.isEmpty else { return 0 }
        guard send(bytes, to: upstream) else {
            tunnelIsBroken(upstream, exchange)
            return bytes.count
        }
        exchange.pointee.bytesReceived &+= UInt64(bytes.count)
        renewStall(exchange)
        return bytes.count
    }

    mutating func tunnelToClient(_ bytes: UnsafeRawBufferPointer, _ exchange: ExchangePointer) {
        exchange.pointee.bytesSent &+= UInt64(bytes.count)
        guard send(bytes, to: exchange.pointee.downstream) else { return }
        renewStall(exchange)
    }

    /// The client sends no more: the upstream is told, and may still answer.
    mutating func clientTunnelEnded(_ client: DownstreamPointer) {
        guard let exchange = client.pointee.exchange, let upstream = exchange.pointee.upstream else {
            return closeClient(client)
        }
        if upstream.pointee.hasEnded { return closeTunnel(exchange) }
        shutdown(upstream.pointee.descriptor, Int32(SHUT_WR))
        renewStall(exchange)
    }

    /// The upstream takes no more. What it said before may still be read, unless it had ended already.
    mutating func tunnelIsBroken(_ upstream: UpstreamPointer, _ exchange: ExchangePointer) {
        if upstream.pointee.hasEnded { return upstreamTunnelEnded(upstream, exchange, isReset: true) }
        upstream.pointee.canRead = true
    }

    mutating func upstreamTunnelEnded(_ upstream: UpstreamPointer, _ exchange: ExchangePointer, isReset: Bool)
    {
        let client = exchange.pointee.downstream
        if isReset {
            exchange.pointee.flag = .upstreamConnectionTermination
            return closeClient(client, resets: true)
        }
        upstream.pointee.hasEnded = true
        if client.pointee.hasEnded { return closeTunnel(exchange) }
        shutdown(client.pointee.descriptor, Int32(SHUT_WR))
        renewStall(exchange)
    }

    private mutating func closeTunnel(_ exchange: ExchangePointer) {
        let client = exchange.pointee.downstream
        if let upstream = detach(exchange) { closeUpstream(upstream) }
        exchange.pointee.keepsDownstream = false
        finish(exchange)
        if client.pointee.phase == .lingering, client.pointee.outbox.isEmpty { closeClient(client) }
    }
}
