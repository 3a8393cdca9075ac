// SPDX-License-Identifier: Apache-2.0

/// A worker's connections to one endpoint, which has an address.
struct EndpointPool {
    var address: SocketAddress?
    /// No table has the endpoint any more: connections to it are not kept.
    var hasLeft = false
    var firstIdle: UpstreamPointer?
    var idleCount = 0
    /// Requests that this endpoint is working on, for the choice of the least busy.
    var active: Int32 = 0

    /// Puts a connection in front: the one used last is used next, so that the others can grow old and go.
    mutating func push(_ upstream: UpstreamPointer) {
        upstream.pointee.previousIdle = nil
        upstream.pointee.nextIdle = firstIdle
        firstIdle?.pointee.previousIdle = upstream
        firstIdle = upstream
        idleCount &+= 1
    }

    mutating func pop() -> UpstreamPointer? {
        guard let upstream = firstIdle else { return nil }
        remove(upstream)
        return upstream
    }

    mutating func remove(_ upstream: UpstreamPointer) {
        if let previous = upstream.pointee.previousIdle {
            previous.pointee.nextIdle = upstream.pointee.nextIdle
        } else {
            firstIdle = upstream.pointee.nextIdle
        }
        upstream.pointee.nextIdle?.pointee.previousIdle = upstream.pointee.previousIdle
        upstream.pointee.nextIdle = nil
        upstream.pointee.previousIdle = nil
        idleCount &-= 1
    }
}
