// SPDX-License-Identifier: Apache-2.0

import CLinux
import CanaryMesh
import CanaryRouting
import Glibc

/// How a client's connection begins: at once with a request, or, as its listener has it, with TLS, or with bytes for somebody else.
extension Worker {
    /// A connection was accepted.
    mutating func begin(_ client: DownstreamPointer) {
        guard let generation = tables.current else { return }
        let listener = generation.pointee.listener(client.pointee.listener)
        if listener.isTLS || listener.asksForName {
            // What it says first is an event, also where that is there already.
            client.pointee.phase = .opening
            client.pointee.tlsListener = acceptor.tls(client.pointee.listener)
        } else if listener.isOpaque {
            beginConnection(client)
        }
    }

    /// Goes on as far as what came allows.
    mutating func openUp(_ client: DownstreamPointer) {
        if client.pointee.awaitsProxyHeader, !readProxyHeader(client) { return }
        guard let tls = client.pointee.transport.tls ?? beginTLS(client) else { return }
        client.pointee.canRead = false
        switch tls.pointee.shakeHands() {
        case .pending: break
        case .failed: refuseHandshake(client)
        case .complete: finishHandshake(client, tls)
        }
    }

    /// The time for it is over, or what came was no beginning.
    mutating func failOpening(_ client: DownstreamPointer) {
        if client.pointee.awaitsProxyHeader { return refuseProxyHeader(client, .late) }
        counters.countFailedHandshake()
        closeClient(client)
    }

    /// The client is told why by an alert, which a connection that is closed with unread bytes would take from it.
    private mutating func refuseHandshake(_ client: DownstreamPointer) {
        counters.countFailedHandshake()
        client.pointee.canRead = true
        clients.closeAfterSending(client, &loop)
    }

    private mutating func finishHandshake(_ client: DownstreamPointer, _ tls: TLSPointer) {
        guard let server = tls.pointee.socket.pointee.server, tls.pointee.admitsPeer(server) else {
            return refuseHandshake(client)
        }
        counters.countHandshake(isResumed: tls.pointee.isResumed)
        client.pointee.canRead = tls.pointee.holdsMore || client.pointee.isEnding
        guard server.settings.isHTTP else { return beginConnection(client) }
        awaitFirstRequest(client)
    }

    /// The client may send its first request now, also where it was to go already.
    mutating func awaitFirstRequest(_ client: DownstreamPointer) {
        clients.rest(client, &loop)
        let isHurried = mayNotRest(client)
        client.pointee.isAwaited = isHurried
        loop.set(client.registration, in: isHurried ? limits.departureTimeout : limits.headTimeout)
    }

    // MARK: - Before TLS

    /// Takes TLS up, where it is not for somebody else; `nil` where that is not known yet, or where it is, or where it failed.
    private mutating func beginTLS(_ client: DownstreamPointer) -> TLSPointer? {
        let listener = client.pointee.tlsListener
        if listener?.passesThrough ?? true, !peek(client, listener) { return nil }
        guard let tls = listener?.open(client.pointee.transport.descriptor) else {
            closeClient(client)
            return nil
        }
        client.pointee.transport = .tls(tls)
        client.pointee.tlsListener = nil
        return tls
    }

    /// Looks which name the client asks for; `true` where TLS ends here.
    private mutating func peek(_ client: DownstreamPointer, _ listener: TLSListener?) -> Bool {
        scratch.open()
        defer { scratch.close() }
        let count = unsafe Socket.peek(client.pointee.transport.descriptor, scratch.base, Scratch.size)
        guard count > 0 else {
            if count == 0 || errno != EAGAIN { failOpening(client) }
            return false
        }
        switch ClientHello.read(unsafe ByteSlice(start: scratch.base, count: count)) {
        case .incomplete:
            if client.pointee.isEnding { failOpening(client) }
            return false
        case .invalid:
            if listener == nil { beginConnection(client) } else { failOpening(client) }
            return false
        case .name(let name):
            return unsafe (name ?? []).withUnsafeBufferPointer { name in
                let name = unsafe ByteSlice(name)
                guard let listener else {
                    beginConnection(client, serverName: name)
                    return false
                }
                guard let server = listener.server(for: name) else {
                    failOpening(client)
                    return false
                }
                if server.context != nil { return true }
                beginConnection(client, serverName: name)
                return false
            }
        }
    }
}
