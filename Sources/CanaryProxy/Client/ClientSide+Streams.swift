// SPDX-License-Identifier: Apache-2.0

import CanaryMesh

/// Streams of connections that carry many: to the worker, each is a client.
extension ClientSide {
    /// Makes a client of a stream whose head is complete.
    mutating func adopt(_ stream: HTTP2StreamPointer, of connection: DownstreamPointer) -> DownstreamPointer {
        let client = connections.take(
            Downstream(
                .stream(stream),
                ServerCodec(.http2),
                listener: connection.pointee.listener,
                peer: connection.pointee.peer
            )
        )
        client.pointee.canRead = false
        connection.pointee.countRequest()
        stream.pointee.party = .client(client)
        return client
    }

    /// The answer is complete: the stream ends once it is sent.
    func endStream(_ client: DownstreamPointer, _ loop: inout EventLoop) {
        client.pointee.phase = .lingering
        client.pointee.closesWhenSent = true
        client.pointee.inbox.release()
        if client.pointee.transport.stream?.pointee.waitsForEnd == true {
            loop.set(client.registration, in: limits.lingerTimeout)
        } else {
            renewTimer(client, &loop)
        }
    }

    /// Has an answer that waited for the end of its request go out now, if there is one.
    func letAnswerGo(_ client: DownstreamPointer, _ loop: inout EventLoop) -> Bool {
        guard let stream = client.pointee.transport.stream, stream.pointee.waitsForEnd else { return false }
        stream.pointee.waitsForEnd = false
        let session = stream.pointee.session
        session.pointee.wake(stream)
        loop.ready.insert(session.pointee.carrier)
        renewTimer(client, &loop)
        return true
    }
}

extension DownstreamPointer {
    /// The TLS that its bytes go within, or those of the connection whose stream it is.
    var tls: TLSPointer? {
        guard let stream = pointee.transport.stream else { return pointee.transport.tls }
        return stream.pointee.session.pointee.carrier.downstream.pointee.transport.tls
    }

    var isSecure: Bool { tls != nil }

    /// Whether a request is for a host that the client's connection was not let in for: another server's rules may be stricter.
    func isMisdirected(_ authority: ByteSlice) -> Bool {
        guard let socket = tls?.pointee.socket, let server = socket.pointee.server else { return false }
        return socket.pointee.listener?.server(for: Authority.split(authority).host) !== server
    }
}

extension HTTP2StreamPointer {
    /// Its party is gone: the stream ends with it, if it has not.
    func leave(_ loop: inout EventLoop) {
        pointee.party = .none
        let session = pointee.session
        session.pointee.reset(self)
        let intake = session.pointee.intake
        if pointee.isClosed { intake.pointee.note(self) }
        loop.ready.insert(session.pointee.carrier)
    }
}
