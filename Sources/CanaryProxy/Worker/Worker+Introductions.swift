// SPDX-License-Identifier: Apache-2.0

/// Endpoints that are told whose connection each is.
extension Worker {
    /// A member of a cluster, of whose connections none is another client's.
    mutating func introducedMember(_ member: ClusterMember, for client: DownstreamPointer?) -> ClusterMember {
        guard let client else { return upstreams.introductions.member(member, of: Introductions.nobody) }
        let connection = client.connection
        if connection.pointee.introduction == 0 {
            connection.pointee.introduction = upstreams.introductions.add(connection.addresses)
        }
        return upstreams.introductions.member(member, of: connection.pointee.introduction)
    }

    /// Says whose connection one is that was begun; `nil` while it does not stand.
    func introduce(_ upstream: UpstreamPointer) -> Bool? {
        let descriptor = upstream.pointee.transport.descriptor
        guard Socket.pendingError(descriptor) == 0 else { return false }
        switch Socket.send(descriptor, upstream.pointee.outbox.bytes) {
        case .wouldBlock: return nil
        // A connection that just began has room for all of it.
        case .moved(let count) where count == upstream.pointee.outbox.count:
            upstream.pointee.outbox.release()
            upstream.pointee.isToIntroduce = false
            return true
        case .moved, .ended, .failed: return false
        }
    }

    /// A client has left: its connections are nobody's.
    mutating func dismiss(_ client: DownstreamPointer) {
        for member in upstreams.introductions.remove(client.pointee.introduction) {
            upstreams.closeIdle(member, &loop)
            closeTrunks(member)
        }
        sweepSoon()
    }
}

extension DownstreamPointer {
    /// The connection whose stream it is, or itself.
    fileprivate var connection: DownstreamPointer {
        pointee.transport.stream?.pointee.session.pointee.carrier.downstream ?? self
    }

    /// Where it comes from, and what it was made to.
    fileprivate var addresses: ProxyHeader.Addresses? {
        guard let source = pointee.peer.socketAddress, let destination = localAddress.socketAddress else {
            return nil
        }
        return ProxyHeader.Addresses(source: source, destination: destination)
    }
}
