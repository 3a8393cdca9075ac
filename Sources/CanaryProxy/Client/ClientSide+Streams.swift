// SPDX-License-Identifier: Apache-2.0

import CanaryMesh

/// Streams of connections that carry many: to the worker, each is a client.
extension ClientSide {
    /// Makes a client of a stream whose head is complete.
    mutating func adopt(_ stream: HTTP2StreamPointer) -> DownstreamPointer {
        let connection = stream.pointee.connection
        let client = connections.take(
            Downstream(
                .stream(stream),
                ServerCodec(.http2),
                listener: connection.pointee.listener,
                peer: connection.pointee.peer
            )
        )
        client.pointee.canRead = false
        stream.pointee.client = client
        return client
    }

    /// The answer is complete: the stream ends once it is sent.
    func endStream(_ client: DownstreamPointer, _ loop: inout EventLoop) {
        client.pointee.phase = .lingering
        client.pointee.closesWhenSent = true
        client.pointee.inbox.release()
        renewTimer(client, &loop)
    }

    /// A client of a stream is gone: the stream ends with it, if it has not.
    func leave(_ stream: HTTP2StreamPointer, _ loop: inout EventLoop) {
        let connection = stream.pointee.connection
        stream.pointee.client = nil
        guard let session = connection.pointee.session else { return }
        session.pointee.reset(stream)
        loop.ready.insert(connection.registration)
    }

    /// Has a stream's frames written before long, and lets its client send as much more as was used.
    func wake(_ client: DownstreamPointer, _ stream: HTTP2StreamPointer, _ loop: inout EventLoop) {
        let connection = stream.pointee.connection
        guard let session = connection.pointee.session else { return }
        session.pointee.acknowledge(stream, stream.pointee.unacknowledged &- client.pointee.inbox.count)
        session.pointee.wake(stream)
        loop.ready.insert(connection.registration)
    }
}
